"""What a ring is, whether built by code or read from a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from app.effects.ring.footprint import footprint
from app.render.scene import Footprint, Geometry, Material

Chosen = Literal["metal", "satin", "stone"]


@dataclass(frozen=True, eq=False)
class RingPart:
    """One piece of one material, in the ring's own frame: axis z towards the fingertip, dorsal +y, metres."""

    geometry: Geometry
    material: Material | Chosen  # whichever the wearer has chosen; "satin": the metal, not polished
    rigid: bool = False  # keeps its proportions while the band follows the finger's shape


@dataclass(frozen=True, eq=False)
class RingModel:
    """A ring around the origin."""

    parts: tuple[RingPart, ...]
    inner_radius_m: float
    outer_radius_m: float  # of the band, without what it carries
    half_width_m: float  # of the band, along the finger

    @cached_property
    def footprint(self) -> Footprint:
        """Where it touches the finger."""
        return footprint([part.geometry for part in self.parts], self.inner_radius_m)


@dataclass(frozen=True)
class Design:
    """A ring built by code: what each file of `app.effects.ring.designs` declares under the name DESIGN."""

    name: str  # on the command line
    build: Callable[..., RingModel]  # inner radius, metres; then by name what it takes of the following
    order: int  # where lists show it
    has_stones: bool = False
    measures: bool = False  # it takes width_m and thickness_m
    cuts: bool = False  # it takes `cut`, of CUTS


Kind = Literal["stone", "metal", "file"]
KIND_WORDS: dict[Kind, str] = {"stone": "Stone", "metal": "Metal you choose", "file": "As in the file"}


@dataclass(frozen=True)
class PartLabel:
    """A part of a ring file, as the wearer tells it from the others."""

    label: str
    guess: Kind
    kind: Kind  # what it is drawn as


@dataclass(frozen=True, eq=False)
class OwnRing:
    """A ring file of the user's, read or still to be. Its own up is +y, its size the file's."""

    path: Path
    unit: str | None = None  # of UNITS_M: what one number of the file means; "": no unit makes a ring of it
    guessed: bool = False  # nobody said which unit it is
    model: RingModel | None = None  # None: still to be read
    sha256: str = ""
    notes: tuple[str, ...] = ()  # what was left out or made simpler, one clause each
    rings: tuple[str, ...] = ()  # the names of all rings in the file
    picked: int = 0  # which of them this is
    labels: tuple[PartLabel, ...] = ()  # its parts

    @property
    def inner_diameter_mm(self) -> float:
        """Of the finger hole; 0 while it isn't read."""
        return 0.0 if self.model is None else 2e3 * self.model.inner_radius_m


UNITS_M: dict[str, float] = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "0.1mm": 1e-4, "in": 25.4e-3}
UNIT_WORDS: dict[str, str] = {
    "mm": "millimetres",
    "cm": "centimetres",
    "m": "metres",
    "0.1mm": "tenths of a millimetre",
    "in": "inches",
}
