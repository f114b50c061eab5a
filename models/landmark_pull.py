"""A mesh drawn sideways onto its own landmarks: a picture tells better where a joint is seen than how deep.

Each joint wants to its landmark's ray, at the depth that it has; the mesh follows by a displacement that is
linear in the joints' and hardly bends or stretches it, found once.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.geometry import rays
from models.hand_data import load_open_hand
from models.types import N_JOINTS, N_VERTICES, Array, Camera

LIMIT_M = 0.015
"""A joint is moved this far at most: one further off is hidden, and its landmark is a guess too."""
_OBEDIENCE = 10.0
"""What missing a joint costs, bending and stretching counting 1. A larger one makes fingertips overshoot and
tremble more than their landmarks, a smaller one leaves the mesh where it was."""


@cache
def joint_influence() -> Array:
    """(778, 21) how far each vertex goes along with each joint; rows sum to 1."""
    hand = load_open_hand()
    neighbours = np.zeros((N_VERTICES, N_VERTICES))
    neighbours[hand.faces, np.roll(hand.faces, 1, axis=1)] = 1
    neighbours = np.maximum(neighbours, neighbours.T)
    count = neighbours.sum(1)
    L = np.eye(N_VERTICES) - neighbours / count[:, None]  # a vertex from its neighbours' mean: bending
    stretch = (np.diag(count) - neighbours) / 6
    R = hand.regressor_21.astype(np.float64)
    M: NDArray[np.float64] = np.linalg.solve(L.T @ L + stretch + _OBEDIENCE * R.T @ R, _OBEDIENCE * R.T)
    return M.astype(np.float32)


def pull_onto_landmarks(
    vertices_m: Array, joints_m: Array, joints_2d_px: Array, camera: Camera
) -> tuple[Array, Array]:
    """A mesh (778, 3) and joints (21, 3), camera frame, metres, moved towards landmarks (21, 2), pixels."""
    move = np.zeros((N_JOINTS, 3), np.float32)
    move[:, :2] = rays(joints_2d_px, camera)[:, :2] * joints_m[:, 2:] - joints_m[:, :2]
    length = np.linalg.norm(move, axis=1, keepdims=True)
    moved = joint_influence() @ (move * np.minimum(1, LIMIT_M / np.maximum(length, 1e-9)))
    return vertices_m + moved, joints_m + load_open_hand().regressor_21 @ moved
