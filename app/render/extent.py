"""The points in space that a picture has to show: scene items, and the shadows they may cast on hands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from app.render.light.shadow import light_axes
from app.render.scene import Prop, Water
from app.render.viewport import NEAR_M
from models.types import Float64, HandMesh

SHADOW_ASIDE_M = 0.024  # how far a thing's shadow on a hand reaches across the light ..
SHADOW_DEEP_M = 0.085  # .. and along it


def extent(
    props: Sequence[Prop], whole_hands: Sequence[HandMesh] = (), water: Water | None = None
) -> Float64:
    """(N, 3) points around what will be drawn, but for the shadows on hands of props that no finger wears."""
    points: list[NDArray[np.floating]] = [np.zeros((0, 3)), *(hand.vertices_m for hand in whole_hands)]
    if water is not None:
        ahead = water.drops_m[water.drops_m[:, 2] > NEAR_M]
        seen = ahead[:, :2] / ahead[:, 2:]
        outermost = ahead[[*seen.argmin(0), *seen.argmax(0)]] if len(ahead) else ahead
        points += [outermost - 3 * water.radius_m, outermost + 3 * water.radius_m]
    for prop in props:
        corners = _corners(*prop.geometry.box_m)
        if (copies := prop.geometry.copies) is not None:
            corners = (corners @ copies[:, :3, :3].swapaxes(1, 2) + copies[:, None, :3, 3]).reshape(-1, 3)
        rotation, translation = prop.pose[:3, :3].T, prop.pose[:3, 3]
        points.append(corners @ rotation + translation)
        if (mount := prop.mount) is not None:
            sleeve = np.array([mount.inner_radius_m, mount.inner_radius_m, mount.sleeve_m])
            points.append(_corners(-sleeve, sleeve) @ rotation + translation)
            points += [p - mount.off_mesh_m for p in points[-2:]]  # where what hides it is looked for
    return np.concatenate(points).astype(np.float64)


def shadowed_skin(
    props: Sequence[Prop], hands: Sequence[HandMesh], to_light: NDArray[np.floating]
) -> Float64:
    """(N, 3) the hands' vertices that may be in the shadow of props on no finger, or cast one on them.

    to_light: (3,) unit vector, camera frame.
    """
    axes = light_axes(to_light)
    around = extent([prop for prop in props if prop.mount is None]) @ axes.T
    skin = np.concatenate([np.zeros((0, 3)), *(hand.vertices_m for hand in hands)])
    if not len(around) or not len(skin):
        return np.zeros((0, 3))
    reach = np.array([SHADOW_ASIDE_M, SHADOW_ASIDE_M, SHADOW_DEEP_M])
    along = skin @ axes.T
    inside = (along > around.min(0) - reach) & (along < around.max(0) + reach)
    return np.asarray(skin[inside.all(1)], np.float64)


def _corners(low: NDArray[np.floating], high: NDArray[np.floating]) -> NDArray[np.floating]:
    """(8, 3) of a box."""
    return np.where(_WHICH, high, low)


_WHICH = np.array(list(product((False, True), repeat=3)))
