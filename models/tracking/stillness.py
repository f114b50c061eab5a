"""What trembles, and what moves: a network sees each frame anew, and a hand held still trembles.

What has moved far since the last frame has moved; what has moved little stays nearly where it was: of a
motion d the part d^2 / (d^2 + s^2) is taken, so that a hand in motion is late by at most s / 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.types import Float32

STILL_M = 0.0019
"""s of a network's mesh, seen from its wrist. d is what a tenth of it exceeds: one finger, if that moves."""
STILL_BOXES = 0.006
"""s of each joint in the picture, in hand boxes."""
_MOST = 0.9


def smooth_mesh(
    now: tuple[Float32, Float32], last: tuple[Float32, Float32]
) -> tuple[Float32, Float32, float]:
    """Vertices (V, 3) and joints, seen from the root, now and as taken a frame ago -> as they are to be
    taken, and how much of them is new."""
    x, y, z = (now[0] - last[0]).T
    moved_2 = x * x + y * y + z * z
    most = int(_MOST * len(moved_2))
    gain = float(_taken(np.partition(moved_2, most)[most], STILL_M))
    vertices, joints = (b + gain * (a - b) for a, b in zip(now, last, strict=True))
    return vertices, joints, gain


def steady_joints(now_px: Float32, last_px: Float32) -> Float32:
    """Joints (21, 2) in the picture, now and as taken a frame ago -> as they are to be taken."""
    box_px = max(float(np.ptp(now_px, axis=0).max()), 1e-6)
    moved = now_px - last_px
    moved_2 = (moved * moved).sum(1, keepdims=True)
    return last_px + _taken(moved_2, STILL_BOXES * box_px) * moved


def _taken(moved_2: NDArray[np.float32] | np.float32, still: float) -> NDArray[np.float32] | np.float32:
    """moved_2: squared."""
    return moved_2 / (moved_2 + np.float32(still**2))
