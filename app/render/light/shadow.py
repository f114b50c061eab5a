"""The camera that looks from the light: what it sees first is lit, what lies behind is in shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.types import Float64

SHADOW_MAP_PX = 256
_MARGIN_M = 0.02
_DEPTH_M = 4.0  # to both sides of the origin; nothing is farther from the camera


@dataclass(frozen=True)
class ShadowCamera:
    """An orthographic view along the light."""

    map_from_cam: Float64  # (4, 4) camera frame -> x, y 0..1 in the map, z metres towards the light
    clip_from_cam: Float64  # (4, 4) camera frame -> OpenGL's clip space
    size_m: Float64  # (2,) what the map spans


def light_axes(to_light: NDArray[np.floating]) -> Float64:
    """(3, 3) rows: two axes across the light, and the one towards it. to_light: (3,) unit vector."""
    light = np.asarray(to_light, np.float64)
    side = np.cross(light, np.eye(3)[np.argmin(np.abs(light))])
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(light, side), light])


def shadow_camera(points_m: NDArray[np.floating], to_light: NDArray[np.floating]) -> ShadowCamera:
    """The view that holds (N, 3) points. to_light: (3,) unit vector, camera frame."""
    axes = light_axes(to_light)
    flat = np.asarray(points_m, np.float64) @ axes[:2].T
    low, high = flat.min(0) - _MARGIN_M, flat.max(0) + _MARGIN_M
    to_map = np.eye(4)
    to_map[:3, :3] = axes
    to_map[:2] /= (high - low)[:, None]
    to_map[:2, 3] = -low / (high - low)
    to_clip = np.diag([2.0, 2.0, 1 / _DEPTH_M, 1.0])
    to_clip[:2, 3] = -1
    return ShadowCamera(to_map, to_clip @ to_map, high - low)
