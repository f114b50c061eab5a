"""What of space a picture has to show: things, and the shadows they may cast on hands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from app.render.scene import Prop, Water
from app.render.window import NEAR_M
from models.types import HandMesh

SHADOW_REACH_M = 0.007  # of a ring's shadow on its finger
FREE_SHADOW_REACH_M = 0.045  # of any other prop's on the hand


def extent(
    props: Sequence[Prop],
    whole_hands: Sequence[HandMesh],
    water: Water | None,
    hands: Sequence[HandMesh],
) -> NDArray[np.float64]:
    """(N, 3) points around everything that will be drawn, the shadow on the skin of all hands included."""
    points: list[NDArray[np.floating]] = [np.zeros((0, 3)), *(hand.vertices_m for hand in whole_hands)]
    if water is not None:
        ahead = water.drops_m[water.drops_m[:, 2] > NEAR_M]
        seen = ahead[:, :2] / ahead[:, 2:]
        outermost = ahead[[*seen.argmin(0), *seen.argmax(0)]] if len(ahead) else ahead
        points += [outermost - 3 * water.radius_m, outermost + 3 * water.radius_m]
    for prop in props:
        reach = SHADOW_REACH_M if prop.grip is not None else 0.0
        least, greatest = prop.geometry.box_m
        corners = _corners(least - reach, greatest + reach)
        if (copies := prop.geometry.copies) is not None:
            corners = (corners @ copies[:, :3, :3].swapaxes(1, 2) + copies[:, None, :3, 3]).reshape(-1, 3)
        corners = corners @ prop.pose[:3, :3].T + prop.pose[:3, 3]
        points.append(corners)
        if prop.grip is None:
            low, high = corners.min(0) - FREE_SHADOW_REACH_M, corners.max(0) + FREE_SHADOW_REACH_M
            for hand in hands:
                skin = hand.vertices_m
                points.append(skin[((skin > low) & (skin < high)).all(1)])
    return np.concatenate(points).astype(np.float64)


def _corners(low: NDArray[np.floating], high: NDArray[np.floating]) -> NDArray[np.floating]:
    """(8, 3) of a box."""
    return np.where(_WHICH, high, low)


_WHICH = np.array(list(product((False, True), repeat=3)))
