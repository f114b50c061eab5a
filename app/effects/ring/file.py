"""A ring from a file of the user's: GLB, OBJ or STL, measured, turned upright and brought to metres."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.effects.ring.hole import Hole, find_hole
from app.effects.ring.memory import recall
from app.effects.ring.model import UNIT_WORDS, UNITS_M, Chosen, OwnRing, RingModel, RingPart
from app.effects.ring.settings import LARGEST_MM, SMALLEST_MM
from app.effects.shading import shaded
from app.errors import UserError
from app.render.scene import Material, Metal, Paint
from models.types import Float64

KINDS = (".glb", ".obj", ".stl")
OTHER_KINDS = (".gltf", ".ply", ".fbx", ".dae", ".3mf", ".3dm", ".step", ".stp", ".blend")  # not read
MOST_TRIANGLES = 20_000
_MOST_FILE_BYTES = 300 << 20
_TIME_S = 90.0
_READER = Path(__file__).with_name("reader.py")
# In which unit a file is likely to be, the likeliest first: glTF is in metres, but not every exporter knows.
_LIKELY = {".glb": ("m", "mm", "cm", "in"), ".obj": ("mm", "m", "cm", "in"), ".stl": ("mm", "m", "cm", "in")}
_FINGERS_MM = (13.0, 24.0)  # inner diameters that are believed
_USUAL_MM = 17.3  # taken where no unit makes a ring of the file


def load_own_ring(path: Path, unit: str | None = None) -> OwnRing:
    """Read a ring file. Takes a second or more: not for a thread that draws. Raises UserError.

    unit: of UNITS_M, what one number of the file means; None takes what was said of this very file before, or
    else guesses. Reading happens in a process of its
    own, with its memory and time limited, because files come from strangers.
    """
    if unit is not None and unit not in UNITS_M:
        raise UserError(f"ring unit: there is no {unit!r}; choose from {', '.join(UNITS_M)}")
    sha256 = _checked(path)
    unit = unit or recall(sha256).unit
    parts, notes = _read(path)
    hole = find_hole(*_joined(parts))
    if hole is None:
        raise UserError(f"{path.name} has no hole for a finger; give a ring, open by less than a third")
    metres, known = _metres(hole, path, unit)
    model = _upright(parts, hole, metres)
    return OwnRing(path, known, unit is None, model, sha256, tuple(notes))


def describe(own: OwnRing) -> str:
    """One line on how a file was understood, such as "taken as millimetres: inner diameter 17.3 mm"."""
    if own.model is None:
        return f"{own.path.name} is being read"
    size = f"inner diameter {own.inner_diameter_mm:.1f} mm"
    if not own.unit:
        how = f"no unit makes a ring of it: taken as {_USUAL_MM} mm across"
    else:
        how = f"{'taken as' if own.guessed else 'in'} {UNIT_WORDS[own.unit]}: {size}"
    return "; ".join([f"{own.path.name}: {how}", *own.notes])


def _checked(path: Path) -> str:
    """The file's checksum, if it is one that can be a ring. Raises UserError."""
    if path.suffix.lower() not in KINDS:
        raise UserError(f"{path.name} is no 3D model that can be read; give a .glb, .obj or .stl")
    try:
        if not path.is_file():
            raise UserError(f"{path} does not exist or is no file; check the path")
        size = path.stat().st_size
        if size == 0:
            raise UserError(f"{path.name} is empty; export the ring again")
        if size > _MOST_FILE_BYTES:
            raise UserError(
                f"{path.name} has {size >> 20} MB, up to {_MOST_FILE_BYTES >> 20} can be read; "
                "export it with fewer triangles"
            )
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path.name} can't be read ({getattr(error, 'strerror', None) or error}); check the path"
        ) from error


def _read(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The parts and the notes of reader.py. Raises UserError."""
    command = [sys.executable, "-I", str(_READER), str(path), path.suffix[1:].lower(), str(MOST_TRIANGLES)]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # their stacks count as memory
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIME_S, env=dict(os.environ) | threads)
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{path.name} took longer than {_TIME_S:.0f} s to read; export it with fewer triangles"
        ) from None
    if done.returncode == 3:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(f"{path.name} can't be worn: {lines[-1] if lines else 'no reason given'}")
    if done.returncode != 0:
        raise UserError(f"{path.name} can't be read: it is damaged, or takes too much memory or time")
    try:
        with np.load(io.BytesIO(done.stdout), allow_pickle=False) as arrays:
            meta = json.loads(str(arrays["meta"]))
            parts = [
                {name: arrays[f"{name}{i}"] for name in "vf"} | {"material": material}
                for i, material in enumerate(meta["materials"])
            ]
        return parts, list(dict.fromkeys(meta["notes"]))
    except (KeyError, ValueError, OSError) as error:
        raise UserError(f"{path.name} can't be read; export the ring again") from error


def _joined(parts: list[dict[str, Any]]) -> tuple[Float64, NDArray[np.int64]]:
    first = np.cumsum([0, *(len(part["v"]) for part in parts[:-1])])
    return (
        np.concatenate([part["v"] for part in parts]),
        np.concatenate([part["f"] + k for part, k in zip(parts, first, strict=True)]),
    )


def _metres(hole: Hole, path: Path, unit: str | None) -> tuple[float, str]:
    """Metres for one number of the file, and its unit; "" where none makes a ring. Raises UserError."""
    across = 2 * hole.inner_radius
    if unit is not None:
        size_mm = 1e3 * across * UNITS_M[unit]
        if not SMALLEST_MM <= size_mm <= LARGEST_MM:
            raise UserError(
                f"{path.name} in {UNIT_WORDS[unit]} has an inner diameter of {size_mm:.4g} mm, which no "
                "finger wears; give another unit"
            )
        return UNITS_M[unit], unit
    for likely in _LIKELY[path.suffix.lower()]:
        if _FINGERS_MM[0] <= 1e3 * across * UNITS_M[likely] <= _FINGERS_MM[1]:
            return UNITS_M[likely], likely
    return 1e-3 * _USUAL_MM / across, ""


def _upright(parts: list[dict[str, Any]], hole: Hole, metres: float) -> RingModel:
    """The ring around the origin, axis z, its head at +y, in metres."""
    turn = np.stack([hole.across, hole.up, hole.axis])
    made = []
    for part in parts:
        vertices = metres * (part["v"] - hole.center) @ turn.T
        material = _material(part["material"])
        if material != "stone":
            made.append(RingPart(shaded(vertices, part["f"]), material))
            continue
        pose = np.eye(4)
        pose[:3, 3] = vertices.mean(0)  # a stone is traced in its own frame, around its own middle
        stone = shaded(vertices - pose[:3, 3], part["f"], flat=True)
        made.append(RingPart(replace(stone, copies=pose[None].astype(np.float32)), material))
    return RingModel(
        tuple(made), metres * hole.inner_radius, metres * hole.outer_radius, metres * hole.half_width
    )


def _material(saved: dict[str, Any]) -> Material | Chosen:
    kind = saved["kind"]
    if kind in ("metal", "stone"):
        return kind
    r, g, b = saved["rgb"]
    return (Metal if kind == "own metal" else Paint)((r, g, b), saved["roughness"])
