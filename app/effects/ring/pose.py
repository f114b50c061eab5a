"""Where a ring's parts lie on a finger: pose matrices from the ring's own frame to the camera's. NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.effects.ring.fit import Section
from app.effects.ring.ring_filter import RingEstimate
from app.effects.ring.settings import RingSettings
from models.geometry import rotation_from_axis_angle
from models.types import Float64

_FLIP = np.diag([-1.0, 1.0, -1.0])


@dataclass(frozen=True)
class RingPose:
    """One ring on one finger, camera frame."""

    band: Float64  # (4, 4) follows the finger's shape
    rigid: Float64  # (4, 4) turned, moved and scaled alone: for what must not be squeezed
    off_mesh_m: Float64  # (3,) from the mesh's finger to the ring's


def ring_pose(
    settings: RingSettings, section: Section, estimate: RingEstimate, built_radius_m: float
) -> RingPose:
    """Place a ring that was built for a finger of this radius.

    A ring that fits takes the finger's two half axes. One of a fixed size is round; if it is loose, it rests
    on the back of the finger. Both follow the photo where its finger is wider or narrower than the mesh's.
    """
    place = settings.placement
    frame = np.stack([section.across, section.up, section.axis], 1)
    rotation = frame @ rotation_from_axis_angle([*estimate.tilt_rad, 0.0])
    if settings.size_mm is None:
        half_axes, drop = estimate.half_axes_mm, 0.0
    else:
        half_axes = np.full(2, settings.size_mm / 2)
        drop = max(0.0, settings.size_mm / 2 - float(estimate.half_axes_mm[1]))
    scale = place.scale * estimate.scale * 1e-3 * half_axes / built_radius_m
    off_mesh = frame[:, :2] @ estimate.shift_m
    at = section.center_m + off_mesh + 1e-3 * place.along_mm * section.axis
    at = at - 1e-3 * estimate.scale * drop * section.up
    turn = np.radians(place.turn_deg)
    flip = _FLIP if place.flipped else np.eye(3)
    top = scale * [-np.sin(turn), np.cos(turn)]  # where the ring's own up comes to lie
    stretch = np.diag([*scale, float(np.sqrt(scale.prod()))])
    return RingPose(
        band=_affine(rotation @ stretch @ _about_z(turn) @ flip, at),
        rigid=_affine(float(np.hypot(*top)) * rotation @ _about_z(np.arctan2(-top[0], top[1])) @ flip, at),
        off_mesh_m=off_mesh,
    )


def _affine(linear: Float64, at: Float64) -> Float64:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = linear, at
    return pose


def _about_z(angle: float) -> Float64:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
