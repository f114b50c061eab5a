"""The room's soft light from six sides: what matt things need of it, and far cheaper than its panorama."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.render.light.environment import Environment

Float32 = NDArray[np.float32]

_AHEAD = 0.6  # what lies ahead is in the photo, where no lamp is: no brighter than this
_LUMA = np.array([0.2126, 0.7152, 0.0722])


def ambient_cube(rooms: Sequence[Environment], turns: Sequence[float], fading: float) -> Float32:
    """(6, 4) linear RGB, and a zero, of the softest light from +x, -x, +y, -y, +z, -z of the camera frame.

    rooms, turns, fading: as light.glsl takes them. Half of the colour is believed, as there. A surface is lit
    by these, weighted by its normal's squares: McTaggart, "Half-Life 2 shading" (2004).
    """
    now, before = (_sides(room, turn) for room, turn in zip(rooms, turns, strict=True))
    light = (1 - fading) * now + fading * before
    light = 0.5 * light + 0.5 * (light @ _LUMA)[:, None]
    light[4] = np.minimum(light[4], _AHEAD)
    return np.column_stack([light, np.zeros(6)]).astype(np.float32)


def _sides(room: Environment, turn: float) -> NDArray[np.float64]:
    """(6, 3) of one room."""
    panorama = room.levels[-1].astype(np.float64)
    height, width, _ = panorama.shape
    level = 0.5 * (panorama[(height - 1) // 2] + panorama[height // 2])
    at = (np.array([0.75, 0.25, 0.5, 0.0]) + turn) * width - 0.5  # +x, -x, +z, -z
    column = np.floor(at).astype(int)
    share = (at - column)[:, None]
    around = (1 - share) * level[column % width] + share * level[(column + 1) % width]
    down, up = panorama[-1].mean(0), panorama[0].mean(0)
    return np.stack([around[0], around[1], down, up, around[2], around[3]])
