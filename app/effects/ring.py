"""A ring on a finger, as large as the finger is round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.effects.in_view import visible_share
from app.effects.metals import METALS
from app.effects.photo_fit import photo_edges
from app.effects.ring_fit import (
    FINGERS,
    Finger,
    FingerSections,
    RingSizes,
    Section,
    Segment,
    ring_size,
    segment_ends,
)
from app.effects.ring_shapes import plain_band
from app.effects.wearing import FORGET_S, Worn, wear
from app.render.scene import EffectContext, Grip, Prop
from models.geometry import rotation_from_axis_angle
from models.hand_data import HandData, load_open_hand
from models.types import HandMesh

Hands = Literal["both", "right", "left"]

_WORN_AT: dict[Segment, float] = {
    "proximal": 0.55,  # just past the web of skin between the fingers
    "middle": 0.4,
    "distal": 0.25,  # below the nail
}
_BUILT_RADIUS_M = 0.0085  # the band is built for this finger and scaled to the measured one


@dataclass(frozen=True)
class RingSettings:
    """Which ring, and where. Raises ValueError for what no hand or workshop has."""

    finger: Finger = "ring"
    segment: Segment = "proximal"
    position: float | None = None  # along the segment, 0 palm end .. 1; None: where rings are worn
    metal: str = "gold"  # of METALS
    width_mm: float = 4.0  # along the finger
    thickness_mm: float = 1.7
    hands: Hands = "both"  # which hands wear one

    def __post_init__(self) -> None:
        segment_ends(self.finger, self.segment)
        if self.position is not None and not 0 <= self.position <= 1:
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


class RingEffect:
    """Puts one ring on every hand asked for. Its place follows the mesh at once, its size is averaged."""

    def __init__(self, settings: RingSettings | None = None, hand: HandData | None = None) -> None:
        self.settings = settings or RingSettings()
        self._hand = hand or load_open_hand()
        self._sections = FingerSections(self._hand)
        self._time_s = np.inf  # of the last frame
        self._worn: dict[int, Worn] = {}  # by HandMesh.track_id

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """A ring for each hand in view."""
        now, s = context.time_s, self.settings
        begins, self._time_s = now < self._time_s, now  # on hands that come later the ring fades in
        self._worn = {k: w for k, w in self._worn.items() if 0 <= now - w.time_s <= FORGET_S}
        props = []
        for hand in context.hands:
            if s.hands not in ("both", hand.side):
                continue
            position = _WORN_AT[s.segment] if s.position is None else s.position
            section = self._sections.section(hand, s.finger, s.segment, position)
            if section is None:
                continue
            edges = photo_edges(context.frame_rgb, context.camera, section)
            visible = visible_share(section, self._region, hand, context.hands, self._hand)
            before = self._worn.get(hand.track_id)
            worn = wear(before, section, edges, visible, now, at_once=begins)
            self._worn[hand.track_id] = worn
            if worn.opacity > 0:
                props.append(self._prop(hand, section, worn))
        return props

    def sizes(self) -> Sequence[RingSizes]:
        """The size of each ring worn now, in the order in which the hands came."""
        return [ring_size(worn.circumference_mm / np.pi) for worn in self._worn.values()]

    def readout(self) -> Sequence[str]:
        """Such as "17.3 mm · US 7 · EU 54.3", one line for each ring."""
        return [f"{s.diameter_mm:.1f} mm · US {s.us:g} · EU {s.eu:.1f}" for s in self.sizes()]

    def _prop(self, hand: HandMesh, section: Section, worn: Worn) -> Prop:
        s = self.settings
        width, thickness = 1e-3 * s.width_mm, 1e-3 * s.thickness_mm
        frame = np.stack([section.across, section.up, section.axis], 1)
        pose = np.eye(4)
        pose[:3, :3] = frame @ rotation_from_axis_angle([*worn.tilt_rad, 0.0])
        off_mesh = frame[:, :2] @ worn.shift_m
        pose[:3, 3] = section.center_m + off_mesh
        scale = 1e-3 * worn.scale * worn.half_axes_mm / _BUILT_RADIUS_M
        pose[:3, :2] *= scale
        return Prop(
            plain_band(_BUILT_RADIUS_M, width, thickness),
            pose,
            METALS[s.metal],
            Grip(
                track_id=hand.track_id,
                region=self._region,
                inner_radius_m=_BUILT_RADIUS_M,
                outer_radius_m=_BUILT_RADIUS_M + thickness,
                half_width_m=width / 2,
                off_mesh_m=(float(off_mesh[0]), float(off_mesh[1]), float(off_mesh[2])),
            ),
            worn.opacity,
        )

    @property
    def _region(self) -> int:
        return 1 + FINGERS.index(self.settings.finger)
