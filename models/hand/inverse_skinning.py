"""Inverse skinning: the pose and shape of a hand model whose points lie where a mesh's points lie.

For a mesh of the model's own topology the points are all its vertices. Between two models, such as the open
hand and MANO, they are the 21 joints in one and the same sense. Levenberg-Marquardt with the exact Jacobian:
a bone that turns about its joint moves each vertex by what that bone and those beyond it contribute.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from models.geometry import procrustes
from models.hand.articulation import cross_matrix
from models.hand.hand_data import N_BETAS, N_BONES, HandData
from models.hand.skinning import pose_hand

Float = NDArray[np.float64]

_POINT_M, _TURN_RAD = 1e-3, 1.5  # one standard deviation of a point, and of a bone about its rest pose
_MAX_STEPS, _ENOUGH, _EXACT_M = 40, 1e-3, 5e-5  # steps; relative gain and error at which they end


@dataclass(frozen=True)
class PosedHand:
    """A right hand's parameters, in the frame of the points."""

    rotations: Float  # (16, 3, 3) of each bone in its parent's frame, the wrist's in the points' frame
    betas: Float  # (10,)
    translation_m: Float  # (3,) the wrist joint
    turns: Float  # (16, 3, 3) of each bone in the points' frame
    joints_m: Float  # (16, 3) rotation centres, posed
    error_m: float  # root mean square distance of the points


class InverseSkinning:
    """Fits one hand model to points. Stateless; `previous` makes the next frame quick."""

    def __init__(self, hand: HandData, regressor: ArrayLike | None = None) -> None:
        """regressor: (N, 778) vertices -> points; None: the points are the vertices."""
        self.hand = hand
        self._Q = None if regressor is None else np.asarray(regressor, np.float64)
        self._parents = hand.parents.tolist()
        below = np.eye(N_BONES)
        for j in range(N_BONES - 1, 0, -1):
            below[self._parents[j]] += below[j]
        self._below = below  # (16, 16) 1 where bone k is j or beyond it
        self._W = hand.weights.astype(np.float64)
        self._rest = self._of(np.asarray(hand.template_m, np.float64))

    def fit(self, points_m: ArrayLike, previous: PosedHand | None = None) -> PosedHand:
        """points_m: (778, 3) or (N, 3), any frame, metres; a right hand (mirror a left one first).

        Raises ValueError for points of another shape or that are not finite.
        """
        P = np.asarray(points_m, np.float64)
        if P.shape != self._rest.shape or not np.isfinite(P).all():
            raise ValueError(f"points: expected {self._rest.shape}, finite, got {P.shape}")
        fresh = self._solve(P, self._start(P)) if previous is None else self._solve(P, previous)
        if previous is not None and fresh.error_m > 2 * previous.error_m + _POINT_M:
            again = self._solve(P, self._start(P))  # the hand has jumped
            fresh = min(fresh, again, key=lambda found: found.error_m)
        return fresh

    def _start(self, P: Float) -> PosedHand:
        _, R, t = procrustes(self._rest, P, scale=False)
        turns = np.tile(np.eye(3), (N_BONES, 1, 1))
        turns[0] = R
        return PosedHand(turns, np.zeros(N_BETAS), t, turns, np.zeros((N_BONES, 3)), np.inf)

    def _solve(self, P: Float, hand: PosedHand) -> PosedHand:
        found, damping = self._at(P, hand.rotations, hand.betas, hand.translation_m), 1e-3
        for _ in range(_MAX_STEPS):
            A, r = self._linear(P, found)
            H, g = A.T @ A, A.T @ r
            lost = float(r @ r)
            while True:
                step = -np.linalg.solve(H + damping * np.diag(H.diagonal() + 1e-6), g)
                d = np.asarray(step * min(1.0, 0.8 / (np.abs(step[3:51]).max() + 1e-12)), np.float64)
                tried = self._moved(P, found, d)
                r_tried = self._residual(P, tried)
                if r_tried @ r_tried <= lost or damping > 1e4:
                    break
                damping *= 8
            gained = lost - float(r_tried @ r_tried)
            if gained < 0:
                return found
            found, damping = tried, max(damping / 4, 1e-9)
            if gained < _ENOUGH * lost or found.error_m < _EXACT_M:
                break
        return found

    def _at(self, P: Float, rotations: Float, betas: Float, translation_m: Float) -> PosedHand:
        hand = self.hand
        rest = hand.joints_rest + np.tensordot(betas, hand.joint_dirs, 1)
        turns, at = np.empty((N_BONES, 3, 3)), np.empty((N_BONES, 3))
        turns[0], at[0] = rotations[0], translation_m
        for j, parent in enumerate(self._parents[1:], 1):
            turns[j] = turns[parent] @ rotations[j]
            at[j] = at[parent] + turns[parent] @ (rest[j] - rest[parent])
        vertices, _ = pose_hand(hand, rotations, betas, translation_m)
        off = self._of(vertices.astype(np.float64)) - P
        error = float(np.sqrt((off**2).sum(1).mean()))
        return PosedHand(rotations, betas, translation_m, turns, at, error)

    def _moved(self, P: Float, hand: PosedHand, d: Float) -> PosedHand:
        """d: translation 3, a small turn of each bone in the points' frame 48, betas 10."""
        small = Rotation.from_rotvec(d[3:51].reshape(N_BONES, 3)).as_matrix()
        local = hand.rotations.copy()
        for j, parent in enumerate(self._parents):
            G = np.eye(3) if parent < 0 else hand.turns[parent]
            local[j] = G.T @ small[j] @ G @ local[j]
        return self._at(P, local, hand.betas + d[51:], hand.translation_m + d[:3])

    def _residual(self, P: Float, hand: PosedHand) -> Float:
        """(3 N + 55,) points, the fingers' turns from rest, and betas, in standard deviations."""
        vertices, _ = pose_hand(self.hand, hand.rotations, hand.betas, hand.translation_m)
        off = (self._of(vertices.astype(np.float64)) - P) / _POINT_M
        bent = Rotation.from_matrix(hand.rotations[1:]).as_rotvec() / _TURN_RAD
        return np.concatenate([off.ravel(), bent.ravel(), hand.betas])

    def _linear(self, P: Float, hand: PosedHand) -> tuple[Float, Float]:
        """The Jacobian A (3 N + 55, 61) and the residual r; columns as in `_moved`."""
        data, r = self.hand, self._residual(P, hand)
        X = data.template_m + np.tensordot(hand.betas, data.shape_dirs, 1)
        J = data.joints_rest + np.tensordot(hand.betas, data.joint_dirs, 1)
        offset = hand.joints_m - np.einsum("jxy,jy->jx", hand.turns, J)
        shares = self._W.T[:, :, None] * (X @ hand.turns.transpose(0, 2, 1) + offset[:, None])  # (16, 778, 3)
        arms = np.tensordot(self._below, shares, 1)
        arms -= (self._below @ self._W.T)[:, :, None] * hand.joints_m[:, None]
        n = len(P)
        A = np.zeros((3 * n + 55, 61))
        points = A[: 3 * n].reshape(n, 3, 61)
        points[:, :, :3] = np.eye(3)
        for j, arm in enumerate(arms):
            points[:, :, 3 + 3 * j : 6 + 3 * j] = cross_matrix(-self._of(arm))
        bent = np.zeros((N_BONES, 3, N_BETAS))  # how the rotation centres move with the betas
        dirs = data.joint_dirs.transpose(1, 2, 0).astype(np.float64)
        for j, parent in enumerate(self._parents[1:], 1):
            bent[j] = bent[parent] + hand.turns[parent] @ (dirs[j] - dirs[parent])
        for k in range(N_BETAS):
            moved = (data.shape_dirs[k] @ hand.turns.transpose(0, 2, 1)) + (
                bent[:, :, k] - np.einsum("jxy,jy->jx", hand.turns, dirs[:, :, k])
            )[:, None]
            points[:, :, 51 + k] = self._of((self._W.T[:, :, None] * moved).sum(0))
        A[: 3 * n] /= _POINT_M
        turned = hand.turns[np.asarray(self._parents[1:])].transpose(0, 2, 1) / _TURN_RAD
        for j in range(1, N_BONES):  # near rest, a turn in the parent's frame is its axis-angle
            A[3 * n + 3 * j - 3 : 3 * n + 3 * j, 3 + 3 * j : 6 + 3 * j] = turned[j - 1]
        A[3 * n + 45 :, 51:] = np.eye(N_BETAS)
        return A, r

    def _of(self, vertices: Float) -> Float:
        return vertices if self._Q is None else self._Q @ vertices
