"""How a mesh's bones are turned where its pose is not known: in closed form, for who can't wait for a fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.hand.hand_data import N_BONES, HandData
from models.types import Float64


class BoneTurns:
    """Each bone lies where it meets the skin that it moves best (Kabsch 1976, weighted by the skinning).

    Some 3° off, 8° at 95 %: skin that two bones share follows neither, and shapes differ from the mean one.
    """

    def __init__(self, hand: HandData) -> None:
        weights = hand.weights.astype(np.float64) ** 4  # skin that two bones share says little of either
        weights /= weights.sum(0)
        rest = hand.template_m.astype(np.float64)
        centres = weights.T @ rest
        arms = weights.T[:, :, None] * (rest - centres[:, None])  # (16, 778, 3)
        self._arms = arms.transpose(1, 0, 2).reshape(len(rest), -1)
        self._parents = hand.parents[1:].tolist()
        self._wrist_weights, self._wrist_arm = weights[:, 0], hand.joints_rest[0] - centres[0]

    def __call__(self, vertices_m: ArrayLike) -> tuple[Float64, Float64]:
        """(778, 3) of a right hand in metres, any frame; mirror a left one first.

        The rotation of each bone in its parent's frame, the wrist's in that of the vertices (16, 3, 3), and
        where the wrist joint is (3,).
        """
        points = np.asarray(vertices_m, np.float64)
        U, _, Vt = np.linalg.svd((points.T @ self._arms).reshape(3, N_BONES, 3).transpose(1, 0, 2))
        U[:, :, 2] *= np.sign(np.linalg.det(U @ Vt))[:, None]
        turns = U @ Vt
        rotations = turns.copy()
        rotations[1:] = turns[self._parents].transpose(0, 2, 1) @ turns[1:]
        return rotations, self._wrist_weights @ points + turns[0] @ self._wrist_arm
