"""A paper band round the palm, as festivals give them: taut over the palm's cross-section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.effects.declaration import EffectType, NoSettings
from app.effects.palm_section import DIRECTIONS, SPOKES_M, PalmSection, PalmSections
from app.render.scene import EffectContext, Geometry, Paint, Prop
from models.hand.hand_data import HandData, load_open_hand
from models.types import Float64

_POSITION = 0.80  # between wrist and knuckles: past the thumb's web
_WIDTH_M = 0.019
_LOOSE_M = 0.0010  # from the skin to the paper
_MEMORY_S = 0.25
_FORGET_S = 1.0
_CUTS_M = np.array([-0.4, 0.0, 0.4]) * _WIDTH_M

_PAPER = Paint((0.78, 0.75, 0.69), roughness=0.95)
_PRINT = Paint((0.012, 0.07, 0.17), roughness=0.9)
_STRIPES = ((0.30, 0.11), (-0.30, 0.11), (0.0, 0.20))  # middle and width, in widths of the band


@dataclass(frozen=True)
class _Worn:
    middle: Float64  # (DIRECTIONS,) radius of the taut paper at its middle, in lengths of SPOKES_M
    slope: Float64  # (DIRECTIONS,) by how much it widens for each metre towards the fingers
    time_s: float


class BandEffect:
    """One band on every hand."""

    def __init__(self, hand: HandData | None = None) -> None:
        self._sections = PalmSections(hand or load_open_hand())
        self._worn: dict[int, _Worn] = {}  # by HandMesh.track_id

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """The paper and what is printed on it, for each hand."""
        now = context.time_s
        self._worn = {k: w for k, w in self._worn.items() if 0 <= now - w.time_s <= _FORGET_S}
        props: list[Prop] = []
        for hand in context.hands:
            section = self._sections.section(hand, _POSITION, _CUTS_M)
            if section is None:
                continue
            worn = _follow(self._worn.get(hand.track_id), section, now)
            self._worn[hand.track_id] = worn
            props.append(Prop(_strip(worn, 0.0, 1.0, 0.0), section.frame, _PAPER, on_skin=True))
            for middle, width in _STRIPES:
                props.append(Prop(_strip(worn, middle, width, 0.00025), section.frame, _PRINT, on_skin=True))
        return props

    def readout(self) -> Sequence[str]:
        """How far it is round each palm, such as "Palm 198 mm round"."""
        return [f"Palm {1e3 * _length(worn.middle):.0f} mm round" for worn in self._worn.values()]


EFFECT = EffectType("band", lambda _, __: BandEffect(), NoSettings, order=20)


def _follow(previous: _Worn | None, section: PalmSection, now: float) -> _Worn:
    """Paper is taut along itself and straight across: one line through the cuts, smooth around the palm."""
    h = section.heights_m - section.heights_m.mean()
    slope = _smooth(h @ section.radii / (h @ h), 4.0)
    taut = (section.radii - h[:, None] * slope).max(0)
    middle = np.maximum(taut, _smooth(taut, 1.5))
    if previous is not None:
        keep = float(np.exp(-(now - previous.time_s) / _MEMORY_S))
        middle = keep * previous.middle + (1 - keep) * middle
        slope = keep * previous.slope + (1 - keep) * slope
    return _Worn(middle, slope, now)


def _strip(worn: _Worn, middle: float, width: float, above_m: float) -> Geometry:
    """The outside of a closed strip. middle, width: in widths of the band; above_m: over the paper."""
    z = _WIDTH_M * (middle + 0.5 * width * np.array([-1.0, 1.0]))
    radius = worn.middle[:, None] + worn.slope[:, None] * z
    length = np.linalg.norm(SPOKES_M, axis=1)[:, None]
    flat = (radius + (_LOOSE_M + above_m) / length)[..., None] * SPOKES_M[:, None]
    points = np.concatenate([flat, np.broadcast_to(z[:, None], (DIRECTIONS, 2, 1))], 2)
    normals = np.cross(np.roll(points, -1, 0) - np.roll(points, 1, 0), points[:, 1:] - points[:, :1])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    i = np.arange(DIRECTIONS)
    j = (i + 1) % DIRECTIONS
    faces = np.concatenate(
        [np.stack([2 * i, 2 * j, 2 * j + 1], 1), np.stack([2 * i, 2 * j + 1, 2 * i + 1], 1)]
    )
    vertices, directions = (a.reshape(-1, 3).astype(np.float32) for a in (points, normals))
    return Geometry(vertices, directions, faces.astype(np.int32))


def _smooth(values: Float64, sigma: float) -> Float64:
    """Round the circle, by a Gaussian of sigma directions."""
    k = np.arange(-9, 10)
    weight = np.exp(-0.5 * (k / sigma) ** 2)
    return np.asarray(sum(w * np.roll(values, i) for i, w in zip(k, weight / weight.sum(), strict=True)))


def _length(radii: Float64) -> float:
    points = radii[:, None] * SPOKES_M
    return float(np.linalg.norm(np.roll(points, -1, 0) - points, axis=1).sum())
