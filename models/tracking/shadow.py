"""A hand's shadow on a table has a hand's shape, and networks take it for one. Its colour gives it away.

A shadow is its surroundings, darkened: of their chromaticity, and not of the skin's that casts it. Where that
skin isn't in the picture, or is of much the same colour, flatness tells: light models a hand, and fingers
shade each other; a shadow is as even as what it falls on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.types import Float32, Float64

_DARKER = 0.85  # a shadow's brightness is at most this fraction of its surroundings'
_ALIKE, _UNLIKE = 0.02, 0.035  # largest difference of chromaticities, of 1
_BEYOND = 1.3  # how far out the surroundings are read, in the hand's own reach in that direction
_FLAT = 0.25
"""Spread of the logarithm of brightness, from the darkest tenth to the brightest. Some hands are as flat: a
shadow has to be dark, and of its ground's colour, too."""
_GREY = 1.5  # of 255: with less between its channels a picture has no colours
_LEAST_POINTS = 10  # in the frame, for a judgement
_BONES = np.array([(0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21)])


def is_shadow(frame_rgb: NDArray[np.uint8], joints_px: Float32, hands_px: Sequence[Float32]) -> bool:
    """Whether what looks like a hand at joints (21, 2) is a shadow beside the hands followed, each (21, 2).

    frame_rgb: (H, W, 3). Without a hand to compare with, only what is flat is taken for a shadow. Skin in
    shade keeps the colour of skin and its modelling: a second hand in the dark is not taken for one.
    """
    inside = _colours(frame_rgb, _along_bones(joints_px))
    outside = _colours(frame_rgb, _around(joints_px))
    skins = [_colours(frame_rgb, _along_bones(hand)) for hand in hands_px]
    if any(len(c) < _LEAST_POINTS for c in (inside, outside, *skins)):
        return False
    middle = [np.median(colours, axis=0) for colours in (inside, outside, *skins)]
    shade, ground, *skin = middle
    if shade.sum() >= _DARKER * ground.sum() or _apart(shade, ground) > _ALIKE:
        return False
    if _is_flat(inside) and float(np.median(np.ptp(outside, axis=1))) > _GREY:
        return True
    return bool(skin) and all(_apart(shade, s) > _UNLIKE for s in skin)


def _along_bones(joints_px: Float32) -> Float64:
    """(60, 2): three points of each bone."""
    a, b = joints_px[_BONES[:, 0]], joints_px[_BONES[:, 1]]
    return np.concatenate([a + t * (b - a) for t in (0.25, 0.5, 0.75)]).astype(np.float64)


def _around(joints_px: Float32) -> Float64:
    """(48, 2): points round the hand, a little beyond what it reaches in each direction."""
    centre = joints_px.mean(0)
    from_centre = joints_px - centre
    angles = np.linspace(-np.pi, np.pi, 48, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)], 1)
    along = from_centre @ directions.T  # (21, 48)
    reach = np.maximum(along.max(0), 0.3 * float(np.ptp(joints_px, axis=0).max()))
    return (centre + _BEYOND * reach[:, None] * directions).astype(np.float64)


def _colours(frame_rgb: NDArray[np.uint8], points_px: Float64) -> Float64:
    """(N, 3) the frame's colours at those of the points (M, 2) that lie in it."""
    x, y = np.round(points_px).astype(int).T
    height, width = frame_rgb.shape[:2]
    within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return frame_rgb[y[within], x[within]].astype(np.float64)


def _is_flat(colours: Float64) -> bool:
    """Whether colours (N, 3) are of nearly one brightness."""
    dark, bright = np.percentile(np.log(colours.sum(1) + 3), (10, 90))
    return bool(bright - dark < _FLAT)


def _apart(a: Float64, b: Float64) -> float:
    """Largest difference of two colours' chromaticities, 0..1."""
    return float(np.abs(a / max(a.sum(), 1.0) - b / max(b.sum(), 1.0)).max())
