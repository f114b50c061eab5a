"""A filter over time for one ring: its size is averaged, its position corrected by the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.effects.ring.fit import Section
from app.effects.ring.photo_fit import PhotoEdges
from models.types import Float64

FORGET_S = 1.0
"""A hand that was away for longer is measured afresh, seconds."""
_SIZE_MEMORY_S = 2.0
_POSITION_MEMORY_S = 0.12
_DOUBT, _BELIEF = 0.25, 0.5  # confidence at which the photo's edges start to count, and count fully
_SCALES = (0.82, 1.2)
_HIDE, _SHOW = 0.45, 0.6  # visible fractions below and above which a ring goes and comes
_FADE_S = 0.2


@dataclass(frozen=True)
class RingEstimate:
    """One ring on one finger. Corrections to the mesh are in the section's own axes (across, up)."""

    half_axes_mm: Float64  # (2,) of the finger, across and towards its back
    circumference_mm: float
    shift_m: Float64  # (2,) from the mesh's finger to the photo's
    tilt_rad: Float64  # (2,) rotation vector
    scale: float  # photographed width over the mesh's
    time_s: float
    since_s: float
    shown: bool  # hidden where so little of it would be seen that it looks like a speck beside the hand
    opacity: float  # 0 .. 1, on its way there


def filter_ring(
    previous: RingEstimate | None,
    section: Section,
    edges: PhotoEdges | None,
    visible: float,
    now: float,
    at_once: bool = False,
) -> RingEstimate:
    """This frame's estimate from that of the previous frame, None on a hand that is new.

    edges: what the photo shows, None where it shows nothing; then the correction fades out.
    visible: the fraction of the ring that the hands leave visible, 0..1. at_once: no fade in on a new hand.
    """
    half_axes = np.array([section.half_width_mm, section.half_height_mm])
    shift, tilt, scale = np.zeros(2), np.zeros(2), 1.0
    if edges is not None:
        weight = float(np.clip((edges.confidence - _DOUBT) / (_BELIEF - _DOUBT), 0, 1))
        axes = np.stack([section.across, section.up])
        view = section.center_m / np.linalg.norm(section.center_m)
        shift, tilt = weight * axes @ edges.shift_m, weight * axes @ view * edges.tilt_rad
        scale = 1 + weight * (float(np.clip(edges.scale, *_SCALES)) - 1)
    shown = visible > (_HIDE if previous is not None and previous.shown else _SHOW)
    if previous is None:
        opacity = float(shown and at_once)
        return RingEstimate(half_axes, section.circumference_mm, shift, tilt, scale, now, now, shown, opacity)
    dt, age = now - previous.time_s, previous.time_s - previous.since_s
    old = float(np.exp(-dt / min(_SIZE_MEMORY_S, max(age, 1e-3))))  # a plain average at first
    recent = float(np.exp(-dt / _POSITION_MEMORY_S))
    return RingEstimate(
        half_axes_mm=old * previous.half_axes_mm + (1 - old) * half_axes,
        circumference_mm=old * previous.circumference_mm + (1 - old) * section.circumference_mm,
        shift_m=recent * previous.shift_m + (1 - recent) * shift,
        tilt_rad=recent * previous.tilt_rad + (1 - recent) * tilt,
        scale=recent * previous.scale + (1 - recent) * scale,
        time_s=now,
        since_s=previous.since_s,
        shown=shown,
        opacity=float(np.clip(previous.opacity + (1 if shown else -1) * dt / _FADE_S, 0, 1)),
    )
