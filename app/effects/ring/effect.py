"""Rings on fingers, as large as the fingers are round, or as large as they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.effects.declaration import EffectType, setting
from app.effects.fade_out import FadeOut
from app.effects.ring.confidence import mesh_confidence, visible_fraction
from app.effects.ring.control import RingList
from app.effects.ring.designs import build_design
from app.effects.ring.finishes import HAMMERED, SATIN, finished, hammered
from app.effects.ring.fit import FINGERS, FingerSections, Section, Segment
from app.effects.ring.metals import METALS
from app.effects.ring.model import RingModel
from app.effects.ring.photo_fit import photo_edges
from app.effects.ring.pose import ring_pose
from app.effects.ring.ring_filter import FORGET_S, RingEstimate, filter_ring
from app.effects.ring.settings import RingSettings
from app.effects.ring.sizes import FingerMeasure, RingSizes, measured
from app.effects.ring.stones import STONES
from app.measure.depth_error import UNKNOWN_SIZE
from app.render.scene import EffectContext, Material, Prop, RingMount
from models.hand.hand_data import HandData, load_open_hand
from models.types import HandMesh

_WORN_AT: dict[Segment, float] = {
    "proximal": 0.55,  # just past the web of skin between the fingers
    "middle": 0.4,
    "distal": 0.25,  # below the nail
}
_BUILT_STEP_M = 0.0005  # designs are built for radii this far apart and scaled to the finger ..
_MOST_SCALED = 1.05  # .. anew when they are scaled by more than this
_FITS_MM = 0.4  # half a US size: nobody feels less


@dataclass(frozen=True)
class _State:
    """What is known of one ring on one hand."""

    estimate: RingEstimate
    measure: FingerMeasure
    built_radius_m: float
    doubt: str  # why it is not shown; empty where it is, or where something covers it


@dataclass(frozen=True)
class Rings:
    """All that are worn at once. Raises ValueError for none and for anything else."""

    rings: tuple[RingSettings, ...] = setting((RingSettings(),), RingList())

    def __post_init__(self) -> None:
        if not self.rings or not all(isinstance(ring, RingSettings) for ring in self.rings):
            raise ValueError(f"rings: expected one RingSettings or several, got {self.rings!r}")


class RingEffect:
    """Puts every ring on the hands asked for. Its place follows the mesh at once, its size is averaged."""

    def __init__(
        self,
        rings: Sequence[RingSettings] = (RingSettings(),),
        hand: HandData | None = None,
        size_error: float = UNKNOWN_SIZE,
    ) -> None:
        """size_error: fraction by which the hands may be of another size than their meshes."""
        self.rings = tuple(rings)
        self._size_error = size_error
        self._hand = hand or load_open_hand()
        self._sections = FingerSections(self._hand)
        self._time_s = np.inf  # of the last frame
        self._fade_out = FadeOut()
        self._states: dict[tuple[int, int], _State] = {}  # by HandMesh.track_id and index of the ring

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """The parts of each ring, for each hand in view."""
        now = context.time_s
        begins, self._time_s = now < self._time_s, now  # on hands that come later the ring fades in
        self._states = {k: s for k, s in self._states.items() if 0 <= now - s.estimate.time_s <= FORGET_S}
        props: list[Prop] = []
        for index, ring in enumerate(self.rings):
            for hand in context.hands:
                if ring.hands not in ("both", hand.handedness):
                    continue
                position = _WORN_AT[ring.segment] if ring.position is None else ring.position
                section = self._sections.section(hand, ring.finger, ring.segment, position)
                if section is None:
                    continue
                key = (hand.track_id, index)
                state = self._state(self._states.get(key), ring, section, hand, context, begins)
                self._states[key] = state
                if state.estimate.opacity > 0:
                    props += self._props(ring, hand, section, state)
        return self._fade_out.update(props, context.hands, now)

    def sizes(self) -> Sequence[RingSizes]:
        """The measured size of each finger that wears a ring now."""
        return [state.measure.sizes for state in self._states.values()]

    def readout(self) -> Sequence[str]:
        """A line for each ring, such as "17.3 ± 0.9 mm · US 7 · EU 54"; a fixed size says how it fits."""
        lines = []
        for (_, index), state in self._states.items():
            ring = self.rings[index]
            name = f"{ring.finger.capitalize()}: " if len(self.rings) > 1 else ""
            lines.append(f"{name}{state.measure}{_how_it_fits(ring, state.measure)}")
        return lines

    def doubts(self) -> Sequence[str]:
        """Why rings are not shown on hands that are in view, a line each."""
        reasons = {state.doubt for state in self._states.values() if state.estimate.time_s == self._time_s}
        return [f"Ring hidden: {reason}" for reason in sorted(reasons - {""})]

    def _state(
        self,
        previous: _State | None,
        ring: RingSettings,
        section: Section,
        hand: HandMesh,
        context: EffectContext,
        begins: bool,
    ) -> _State:
        now = context.time_s
        edges = photo_edges(context.frame_rgb, context.camera, section)
        visible = visible_fraction(section, _region(ring), hand, context.hands, self._hand)
        confidence = mesh_confidence(section, _region(ring), hand, context.camera)
        estimate = filter_ring(
            previous.estimate if previous else None,
            section,
            edges,
            visible * confidence.level,
            now,
            at_once=begins,
        )
        diameter_mm = section.circumference_mm / np.pi
        measure = measured(
            previous.measure if previous else None, diameter_mm, estimate.scale, now, self._size_error
        )
        wanted_m = 1e-3 * (
            float(np.sqrt(estimate.half_axes_mm.prod())) if ring.size_mm is None else ring.size_mm / 2
        )
        built_m = previous.built_radius_m if previous is not None else 0.0
        if not built_m / _MOST_SCALED < wanted_m < built_m * _MOST_SCALED:
            built_m = max(1, round(wanted_m / _BUILT_STEP_M)) * _BUILT_STEP_M
        hidden_by_confidence = not estimate.shown and confidence.level < visible
        return _State(estimate, measure, built_m, confidence.doubt if hidden_by_confidence else "")

    def _props(self, ring: RingSettings, hand: HandMesh, section: Section, state: _State) -> list[Prop]:
        model = _model(ring, state.built_radius_m)
        if model is None:
            return []
        pose = ring_pose(ring, section, state.estimate, model.inner_radius_m)
        off = pose.off_mesh_m
        mount = RingMount(
            track_id=hand.track_id,
            region=_region(ring),
            inner_radius_m=model.inner_radius_m,
            outer_radius_m=model.outer_radius_m,
            half_width_m=model.half_width_m,
            off_mesh_m=(float(off[0]), float(off[1]), float(off[2])),
            footprint=model.footprint,
        )
        chosen = materials(ring)
        return [
            Prop(
                part.geometry,
                pose.rigid if part.rigid else pose.band,
                chosen[part.material] if isinstance(part.material, str) else part.material,
                mount,
                state.estimate.opacity,
            )
            for part in model.parts
        ]


EFFECT = EffectType(
    "ring", lambda settings, error: RingEffect(settings.rings, size_error=error), Rings, order=10
)


def _model(ring: RingSettings, built_radius_m: float) -> RingModel | None:
    """None while the user's own is still being read."""
    if ring.own is None:
        return build_design(ring.design, built_radius_m, ring.made)
    if ring.own.model is not None and ring.finish == HAMMERED:
        return _hammered_own(ring.own.model)
    return ring.own.model


_hammered_own = lru_cache(maxsize=8)(hammered)


def materials(ring: RingSettings) -> dict[str, Material]:
    """What a model's parts are of, whose material the wearer chooses."""
    metal = METALS[ring.metal]
    return {
        "metal": finished(metal, ring.finish),
        "satin": finished(metal, SATIN),
        "stone": STONES[ring.stone],
    }


def _region(ring: RingSettings) -> int:
    return 1 + FINGERS.index(ring.finger)


def _how_it_fits(ring: RingSettings, measure: FingerMeasure) -> str:
    if ring.size_mm is None:
        return ""
    off_mm = ring.size_mm * ring.placement.scale - measure.diameter_mm
    if abs(off_mm) < _FITS_MM:
        return " · fits"
    return f" · {abs(off_mm):.1f} mm too {'large' if off_mm > 0 else 'small'}"
