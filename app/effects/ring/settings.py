"""Which ring, where, and how large."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from app.effects.ring.cuts import CUTS, ROUND
from app.effects.ring.designs import Made, ring_designs
from app.effects.ring.finishes import FINISHES, HAMMERED, POLISHED
from app.effects.ring.fit import Finger, Segment, segment_ends
from app.effects.ring.metals import METALS
from app.effects.ring.model import OwnRing
from app.effects.ring.stones import STONES

Hands = Literal["both", "right", "left"]
HANDS: tuple[Hands, ...] = ("both", "right", "left")
SMALLEST_MM, LARGEST_MM = 10.0, 30.0  # inner diameters that a finger can wear
WIDTHS_MM, THICKNESSES_MM = (1.5, 12.0), (1.0, 3.5)  # of bands
MOST_RINGS = 8


@dataclass(frozen=True)
class Placement:
    """How a ring is turned and moved on its finger. Raises ValueError out of bounds."""

    along_mm: float = 0.0  # towards the fingertip
    turn_deg: float = 0.0  # about the finger, as a screw that moves towards the fingertip
    scale: float = 1.0  # of the whole ring
    flipped: bool = False  # the side that looked to the fingertip looks to the palm

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("offset along the finger", self.along_mm, -20, 20),
            ("turn", self.turn_deg, -180, 180),
            ("scale", self.scale, 0.5, 2),
        ):
            if not low <= value <= high:
                raise ValueError(f"ring {name}: expected {low} to {high}, got {value:g}")


@dataclass(frozen=True)
class RingSettings:
    """One ring. Raises ValueError for what no hand or workshop has."""

    finger: Finger = "ring"
    segment: Segment = "proximal"
    position: float | None = None  # along the segment, 0 palm end .. 1; None: where rings are worn
    design: str = "plain"  # of ring_designs()
    metal: str = "gold"  # of METALS
    stone: str = "diamond"  # of STONES
    finish: str = POLISHED  # of FINISHES
    cut: str = ROUND  # of CUTS, where the design has one large stone
    width_mm: float | None = None  # of the band, where the design takes it; None: as designed
    thickness_mm: float | None = None
    own: OwnRing | None = None  # in place of the design
    size_mm: float | None = None  # inner diameter; None: fits the finger
    placement: Placement = field(default_factory=Placement)
    hands: Hands = "both"  # which hands wear one

    def __post_init__(self) -> None:
        segment_ends(self.finger, self.segment)
        if self.position is not None and not 0 <= self.position <= 1:
            raise ValueError(f"ring position: expected 0 to 1 along the segment, got {self.position}")
        for what, value, all_of in (
            ("ring design", self.design, ring_designs()),
            ("metal", self.metal, METALS),
            ("stone", self.stone, STONES),
            ("finish", self.finish, FINISHES),
            ("cut", self.cut, CUTS),
        ):
            if value not in all_of:
                raise ValueError(f"{what}: there is no {value!r}; choose from {', '.join(all_of)}")
        if self.size_mm is not None and not SMALLEST_MM <= self.size_mm <= LARGEST_MM:
            raise ValueError(
                f"ring size: expected {SMALLEST_MM:g} to {LARGEST_MM:g} mm across, got {self.size_mm:g}"
            )
        for what, mm, (low, high) in (
            ("width", self.width_mm, WIDTHS_MM),
            ("thickness", self.thickness_mm, THICKNESSES_MM),
        ):
            if mm is not None and not low <= mm <= high:
                raise ValueError(f"ring {what}: expected {low:g} to {high:g} mm, got {mm:g}")
        if self.hands not in HANDS:
            raise ValueError(f"hands: expected both, right or left, got {self.hands!r}")

    @property
    def made(self) -> Made:
        """How its design is made."""
        return Made(self.width_mm, self.thickness_mm, self.cut, self.finish == HAMMERED)
