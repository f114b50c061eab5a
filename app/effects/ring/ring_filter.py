"""How a ring sits on one hand's finger over time: its size is averaged, its place leans on the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.effects.ring.fit import Section
from app.effects.ring.photo_fit import PhotoEdges

Float = NDArray[np.float64]

FORGET_S = 1.0
"""A hand that was away for longer is measured afresh, seconds."""
_SIZE_MEMORY_S = 2.0
_PLACE_MEMORY_S = 0.12
_DOUBT, _TRUST = 0.25, 0.5  # confidence at which the photo's edges start to count, and count fully
_SCALES = (0.82, 1.2)
_HIDE, _SHOW = 0.45, 0.6  # visible shares below and above which a ring goes and comes
_FADE_S = 0.2


@dataclass(frozen=True)
class Worn:
    """One ring on one finger. Corrections to the mesh are in the section's own axes (across, up)."""

    half_axes_mm: Float  # (2,) of the finger, across and towards its back
    circumference_mm: float
    shift_m: Float  # (2,) from the mesh's finger to the photo's
    tilt_rad: Float  # (2,) rotation vector
    scale: float  # photographed width over the mesh's
    time_s: float
    since_s: float
    shown: bool  # hidden where so little of it would be seen that it looks like a speck beside the hand
    opacity: float  # 0 .. 1, on its way there


def wear(
    before: Worn | None,
    section: Section,
    edges: PhotoEdges | None,
    visible: float,
    now: float,
    at_once: bool = False,
) -> Worn:
    """The ring of this frame from that of the frame before, None on a hand that is new.

    edges: what the photo shows, None where it shows nothing; then the correction fades out.
    visible: the share of the ring that the hands leave visible, 0..1. at_once: don't fade in on a new hand.
    """
    half_axes = np.array([section.half_width_mm, section.half_height_mm])
    shift, tilt, scale = np.zeros(2), np.zeros(2), 1.0
    if edges is not None:
        trust = float(np.clip((edges.confidence - _DOUBT) / (_TRUST - _DOUBT), 0, 1))
        axes = np.stack([section.across, section.up])
        view = section.center_m / np.linalg.norm(section.center_m)
        shift, tilt = trust * axes @ edges.shift_m, trust * axes @ view * edges.tilt_rad
        scale = 1 + trust * (float(np.clip(edges.scale, *_SCALES)) - 1)
    shown = visible > (_HIDE if before is not None and before.shown else _SHOW)
    if before is None:
        opacity = float(shown and at_once)
        return Worn(half_axes, section.circumference_mm, shift, tilt, scale, now, now, shown, opacity)
    dt, age = now - before.time_s, before.time_s - before.since_s
    old = float(np.exp(-dt / min(_SIZE_MEMORY_S, max(age, 1e-3))))  # a plain average at first
    place = float(np.exp(-dt / _PLACE_MEMORY_S))
    return Worn(
        half_axes_mm=old * before.half_axes_mm + (1 - old) * half_axes,
        circumference_mm=old * before.circumference_mm + (1 - old) * section.circumference_mm,
        shift_m=place * before.shift_m + (1 - place) * shift,
        tilt_rad=place * before.tilt_rad + (1 - place) * tilt,
        scale=place * before.scale + (1 - place) * scale,
        time_s=now,
        since_s=before.since_s,
        shown=shown,
        opacity=float(np.clip(before.opacity + (1 if shown else -1) * dt / _FADE_S, 0, 1)),
    )
