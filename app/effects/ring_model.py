"""What a ring is, whether built by code or read from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.render.scene import Geometry, Material

Chosen = Literal["metal", "stone"]


@dataclass(frozen=True, eq=False)
class RingPart:
    """One piece of one material, in the ring's own frame: axis z towards the fingertip, dorsal +y, metres."""

    geometry: Geometry
    material: Material | Chosen  # "metal", "stone": whichever the wearer has chosen
    rigid: bool = False  # keeps its proportions while the band follows the finger's shape


@dataclass(frozen=True, eq=False)
class RingModel:
    """A ring around the origin."""

    parts: tuple[RingPart, ...]
    inner_radius_m: float
    outer_radius_m: float  # of the band, without what it carries
    half_width_m: float  # of the band, along the finger


@dataclass(frozen=True, eq=False)
class LoadedRing:
    """A ring read from a file. Its own up is +y, its size the file's."""

    model: RingModel
    sha256: str
    unit: str  # of UNITS_M: what one number of the file was taken to mean
    guessed: bool  # nobody said which unit it is
    notes: tuple[str, ...] = ()  # what was left out or made simpler, one clause each

    @property
    def inner_diameter_mm(self) -> float:
        """Of the finger hole."""
        return 2e3 * self.model.inner_radius_m


@dataclass(frozen=True)
class OwnRing:
    """A ring file of the user's, loaded or still to be."""

    path: Path
    unit: str | None = None  # as the user said; None: to be guessed
    loaded: LoadedRing | None = None


UNITS_M: dict[str, float] = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "in": 25.4e-3}
UNIT_WORDS: dict[str, str] = {"mm": "millimetres", "cm": "centimetres", "m": "metres", "in": "inches"}
