"""A ring on a finger, as large as the finger is round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.effects.metals import METALS
from app.effects.ring_fit import Finger, FingerSections, RingSizes, Section, Segment, ring_size, segment_ends
from app.effects.ring_shapes import plain_band
from app.render.scene import EffectContext, Grip, Prop
from models.hand_data import HandData, load_open_hand
from models.types import HandMesh

Hands = Literal["both", "right", "left"]

_BUILT_RADIUS_M = 0.0085  # the band is built for this finger and scaled to the measured one
_SIZE_MEMORY_S = 0.7
_FORGET_S = 1.0


@dataclass(frozen=True)
class RingSettings:
    """Which ring, and where. Raises ValueError for what no hand or workshop has."""

    finger: Finger = "ring"
    segment: Segment = "proximal"
    position: float = 0.55  # along the segment, 0 palm end .. 1; rings are worn just past the web
    metal: str = "gold"  # of METALS
    width_mm: float = 4.0  # along the finger
    thickness_mm: float = 1.7
    hands: Hands = "both"  # which hands wear one

    def __post_init__(self) -> None:
        segment_ends(self.finger, self.segment)
        if not 0 <= self.position <= 1:
            raise ValueError(f"ring position: expected 0 to 1 along the segment, got {self.position}")
        if self.metal not in METALS:
            raise ValueError(f"metal: there is no {self.metal!r}; choose from {', '.join(METALS)}")
        if not (1 <= self.width_mm <= 15 and 0.5 <= self.thickness_mm <= 4):
            raise ValueError(
                "ring: expected a width of 1 to 15 mm and a thickness of 0.5 to 4 mm, "
                f"got {self.width_mm} and {self.thickness_mm}"
            )
        if self.hands not in ("both", "right", "left"):
            raise ValueError(f"hands: expected both, right or left, got {self.hands!r}")


@dataclass(frozen=True)
class _Fit:
    """A hand's ring size over time."""

    half_axes_mm: NDArray[np.float64]  # (2,) across the finger and towards its back
    circumference_mm: float
    time_s: float
    since_s: float


class RingEffect:
    """Puts one ring on every hand asked for. Its place follows the mesh at once, its size is averaged."""

    def __init__(self, settings: RingSettings | None = None, hand: HandData | None = None) -> None:
        self.settings = settings or RingSettings()
        self._sections = FingerSections(hand or load_open_hand())
        self._fits: dict[int, _Fit] = {}

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """A ring for each hand in view."""
        now = context.time_s
        self._fits = {k: fit for k, fit in self._fits.items() if 0 <= now - fit.time_s <= _FORGET_S}
        props = []
        for hand in context.hands:
            if self.settings.hands not in ("both", hand.side):
                continue
            s = self.settings
            section = self._sections.section(hand, s.finger, s.segment, s.position)
            if section is not None:
                props.append(self._prop(hand, section, self._remember(hand.track_id, section, now)))
        return props

    def sizes(self) -> Sequence[RingSizes]:
        """The size of each ring worn now, in the order in which the hands came."""
        return [ring_size(fit.circumference_mm / np.pi) for fit in self._fits.values()]

    def readout(self) -> Sequence[str]:
        """Such as "17.3 mm · US 7 · EU 54.3", one line for each ring."""
        return [f"{s.diameter_mm:.1f} mm · US {s.us:g} · EU {s.eu:.1f}" for s in self.sizes()]

    def _remember(self, track_id: int, section: Section, now: float) -> _Fit:
        half = np.array([section.half_width_mm, section.half_height_mm])
        around = section.circumference_mm
        old = self._fits.get(track_id)
        if old is None:
            fit = _Fit(half, around, now, now)
        else:  # a plain average at first, then one that forgets slowly
            memory = min(_SIZE_MEMORY_S, max(old.time_s - old.since_s, 1e-3))
            keep = float(np.exp(-(now - old.time_s) / memory))
            fit = _Fit(
                keep * old.half_axes_mm + (1 - keep) * half,
                keep * old.circumference_mm + (1 - keep) * around,
                now,
                old.since_s,
            )
        self._fits[track_id] = fit
        return fit

    def _prop(self, hand: HandMesh, section: Section, fit: _Fit) -> Prop:
        s = self.settings
        width, thickness = 1e-3 * s.width_mm, 1e-3 * s.thickness_mm
        pose = np.eye(4)
        scale = 1e-3 * fit.half_axes_mm / _BUILT_RADIUS_M
        pose[:3, :3] = np.stack([section.across * scale[0], section.up * scale[1], section.axis], 1)
        pose[:3, 3] = section.center_m
        return Prop(
            plain_band(_BUILT_RADIUS_M, width, thickness),
            pose,
            METALS[s.metal],
            Grip(
                track_id=hand.track_id,
                region=1 + (segment_ends(s.finger, s.segment)[0] - 1) // 4,
                inner_radius_m=_BUILT_RADIUS_M,
                outer_radius_m=_BUILT_RADIUS_M + thickness,
                half_width_m=width / 2,
            ),
        )
