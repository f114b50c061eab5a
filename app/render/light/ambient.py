"""The environment's soft light from six sides: all that matt surfaces need of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.render.light.environment import Environment
from models.types import Float32, Float64

_AHEAD = 0.6  # what lies ahead is in the photo, where no lamp is: no brighter than this
_LUMA = np.array([0.2126, 0.7152, 0.0722])


def ambient_cube(environments: Sequence[Environment], rotations: Sequence[float], fading: float) -> Float32:
    """(6, 4) linear RGB, and a zero, of the softest light from +x, -x, +y, -y, +z, -z of the camera frame.

    environments, rotations, fading: as light.glsl takes them. Half of the colour is believed, as there.
    A surface is lit by these, weighted by its normal's squares: McTaggart, "Half-Life 2 shading" (2004).
    """
    now, previous = (
        _sides(environment, rotation) for environment, rotation in zip(environments, rotations, strict=True)
    )
    light = (1 - fading) * now + fading * previous
    light = 0.5 * light + 0.5 * (light @ _LUMA)[:, None]
    light[4] = np.minimum(light[4], _AHEAD)
    return np.column_stack([light, np.zeros(6)]).astype(np.float32)


def _sides(environment: Environment, rotation: float) -> Float64:
    """(6, 3) of one environment."""
    panorama = environment.levels[-1].astype(np.float64)
    height, width, _ = panorama.shape
    level = 0.5 * (panorama[(height - 1) // 2] + panorama[height // 2])
    at = (np.array([0.75, 0.25, 0.5, 0.0]) + rotation) * width - 0.5  # +x, -x, +z, -z
    column = np.floor(at).astype(int)
    fraction = (at - column)[:, None]
    around = (1 - fraction) * level[column % width] + fraction * level[(column + 1) % width]
    down, up = panorama[-1].mean(0), panorama[0].mean(0)
    return np.stack([around[0], around[1], down, up, around[2], around[3]])
