"""Light for rendered hands: an environment map as a few dozen distant lamps, and one key light.

A panorama is reduced to lamps that keep its whole energy; each lamp casts its own shadow in the renderer,
so that ambient occlusion and soft shadows are one thing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.types import Float64


@dataclass(frozen=True)
class Light:
    """Directions are unit vectors towards the light, camera frame. Colours are linear RGB."""

    lamp_directions: Float64  # (N, 3)
    lamp_rgb: Float64  # (N, 3) radiance times solid angle / pi: what a facing white surface reflects
    key_direction: Float64  # (3,)
    key_rgb: Float64  # (3,) what a facing white surface reflects
    key_softness: float = 0.1  # radius over distance of the key lamp: the blur of its shadow

    def __post_init__(self) -> None:
        n = len(self.lamp_directions)
        if self.lamp_directions.shape != (n, 3) or self.lamp_rgb.shape != (n, 3):
            raise ValueError(
                f"light: expected lamps (N, 3), got {self.lamp_directions.shape} and {self.lamp_rgb.shape}"
            )
        if n > 64:
            raise ValueError(f"light: expected at most 64 lamps, got {n}")


def spread_directions(n: int) -> Float64:
    """(n, 3) unit vectors, evenly spread (a Fibonacci lattice)."""
    k = np.arange(n) + 0.5
    y = 1 - 2 * k / n
    azimuth = k * np.pi * (3 - np.sqrt(5))
    r = np.sqrt(1 - y * y)
    return np.stack([r * np.cos(azimuth), y, r * np.sin(azimuth)], 1)


def panorama_directions(height: int, width: int, yaw_deg: float = 0.0) -> Float64:
    """(height, width, 3) camera-frame directions of the pixels of an equirectangular picture, whose middle
    column lies ahead after turning the picture by `yaw_deg` to the left."""
    azimuth = (np.arange(width) + 0.5) / width * 2 * np.pi - np.pi - np.radians(yaw_deg)
    elevation = np.pi / 2 - (np.arange(height) + 0.5) / height * np.pi
    az, el = np.meshgrid(azimuth, elevation)
    return np.stack([np.sin(az) * np.cos(el), -np.sin(el), np.cos(az) * np.cos(el)], -1)


def light_from_panorama(
    panorama_rgb: NDArray[np.floating],
    yaw_deg: float,
    key_direction: ArrayLike,
    key_rgb: ArrayLike,
    n_lamps: int = 48,
    key_softness: float = 0.1,
) -> Light:
    """Light of an environment map. panorama_rgb: (H, W, 3) linear, equirectangular, up at the top."""
    h, w = panorama_rgb.shape[:2]
    toward = panorama_directions(h, w, yaw_deg)
    solid_angle = np.sin((np.arange(h) + 0.5) / h * np.pi) * (2 * np.pi / w) * (np.pi / h)
    lamps = spread_directions(n_lamps)
    nearest = np.argmax(toward.reshape(-1, 3) @ lamps.T, 1)
    energy = (panorama_rgb * solid_angle[:, None, None]).reshape(-1, 3) / np.pi
    rgb = np.stack([np.bincount(nearest, energy[:, c], n_lamps) for c in range(3)], 1).astype(np.float64)
    key = np.asarray(key_direction, np.float64)
    return Light(lamps, rgb, key / np.linalg.norm(key), np.asarray(key_rgb, np.float64), key_softness)
