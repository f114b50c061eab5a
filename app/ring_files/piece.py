"""What the readers of ring files give, and what they raise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

_LONGEST_NAME = 200
MOST_READ = 6_000_000  # triangles, instances counted


class Unusable(Exception):
    """The file is no ring that can be drawn; the words say why."""


@dataclass(frozen=True)
class Surface:
    """What a file says of a material. None: it doesn't say."""

    name: str = ""
    rgb: tuple[float, float, float] | None = None  # linear
    metallic: float | None = None  # 0 or 1, or between
    roughness: float | None = None
    alpha: float = 1.0  # what hides what lies behind it
    transmission: float = 0.0  # of light
    ior: float | None = None  # index of refraction
    refracts: bool = False  # it has a volume that light crosses, or dispersion


@dataclass(frozen=True, eq=False)
class Piece:
    """A mesh where it stands in its file."""

    vertices: Float64  # (V, 3), in the file's unit
    faces: Int64  # (F, 3)
    names: tuple[str, ...] = ()  # of the mesh and of the nodes it hangs from, the nearest first
    surface: Surface = field(default_factory=Surface)


def printable(name: object) -> str:
    """A name in a file as it can be shown in a line: strangers write what they like into it."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(name)[:_LONGEST_NAME]).split())


def checked_count(pieces: list[Piece]) -> int:
    """The triangles of all. Raises Unusable for none, and for too many."""
    count = sum(len(piece.faces) for piece in pieces)
    if count > MOST_READ:
        raise Unusable(f"it has {count:,} triangles; up to {MOST_READ:,} can be read")
    if count == 0:
        raise Unusable("it holds no triangles")
    return count
