"""What each part of a ring is drawn as: guessed by its material, then by its name; or as it was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.ring_files.piece import Piece, Surface
from app.ring_files.words import in_all, names_a_stone, names_metal

STONE: dict[str, Any] = {"kind": "stone"}
METAL: dict[str, Any] = {"kind": "metal"}
KINDS = ("stone", "metal", "file")  # file: as the file has it
_MOST_LABELS = 12
_GEM_IOR = 1.7  # from here on it is no plastic
_LONGEST_LABEL = 40


@dataclass(frozen=True)
class Labelled:
    """A part that the wearer can tell apart."""

    label: str
    guess: str  # of KINDS
    by_name: bool = False  # the guess rests on nothing but the name


def labels(pieces: Sequence[Piece]) -> list[str]:
    """A name for each piece: its own where there are few, else its material's."""
    own = [_nearest(piece) for piece in pieces]
    both = [
        name if not surface or surface == name else f"{name} · {surface}" if name else surface
        for name, surface in zip(own, (piece.surface.name for piece in pieces), strict=True)
    ]
    chosen = own if len(set(zip(own, both, strict=True))) == len(set(own)) else both
    if len(set(chosen)) > _MOST_LABELS:
        chosen = [piece.surface.name for piece in pieces]
    return [(name or "unnamed")[:_LONGEST_LABEL] for name in chosen]


def guessed(pieces: Sequence[Piece], named: Sequence[str]) -> dict[str, Labelled]:
    """By label, what it is taken for."""
    common: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    if len(set(named)) > 1:
        common = in_all(map(_nearest, pieces)), in_all(piece.surface.name for piece in pieces)
    found: dict[str, Labelled] = {}
    for piece, label in zip(pieces, named, strict=True):
        if label not in found:
            kind, by_name = _guess(piece, common)
            found[label] = Labelled(label, kind, by_name)
    return found


def material_of(piece: Piece, kind: str) -> dict[str, Any]:
    """What a piece is drawn as: metal (the chosen one), stone, or the file's own colour as metal or paint."""
    surface = piece.surface
    if kind == "stone":
        return STONE
    if kind == "metal" or surface.rgb is None:
        return METAL
    metallic = surface.metallic is None or surface.metallic >= 0.5
    rough = 0.3 if surface.roughness is None else surface.roughness
    colour = np.clip(np.nan_to_num(np.array(surface.rgb)), 0.01, 1.0)
    rough = float(np.clip(np.nan_to_num(rough), 0.08 if metallic else 0.05, 0.6))
    return {"kind": "own metal" if metallic else "paint", "rgb": colour.tolist(), "roughness": rough}


def told(guess: str, kinds: Mapping[str, str], label: str) -> str:
    """What the wearer has said of a part, or else the guess."""
    kind = kinds.get(label, guess)
    return kind if kind in KINDS else guess


def _guess(piece: Piece, common: tuple[Counter[str], Counter[str]]) -> tuple[str, bool]:
    """Of KINDS, and whether only a name says so. common: the ring's own name, of parts and of materials."""
    surface, (of_parts, of_materials) = piece.surface, common
    if _clear(surface):
        return "stone", False
    if names_metal(surface.name, of_materials):
        return "file", False
    if names_a_stone(surface.name, of_materials):
        return "stone", True
    if surface.metallic is not None and surface.metallic >= 0.5:
        return "file", False
    return ("stone", True) if names_a_stone(_nearest(piece), of_parts) else ("file", False)


def _clear(surface: Surface) -> bool:
    """Whether light goes through it."""
    if surface.metallic is not None and surface.metallic >= 0.5:
        return surface.transmission > 0.5 and surface.metallic < 0.9
    if surface.transmission > 0.3 or surface.refracts or surface.alpha < 0.6:
        return True
    return surface.ior is not None and surface.ior >= _GEM_IOR and not names_metal(surface.name)


def _nearest(piece: Piece) -> str:
    return next((name for name in piece.names if name), "")
