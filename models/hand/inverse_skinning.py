"""Inverse skinning: the pose and shape of a hand model whose points lie where a mesh's points lie.

For a mesh of the model's own topology the points are two hundred of its vertices, spread over the hand: 61
parameters ask for no more, and a step takes a third of a millisecond. Between two models, such as the open
hand and MANO, they are the 21 joints in one and the same sense. Levenberg-Marquardt with the exact Jacobian:
a bone that turns about its joint moves each point by what that bone and those beyond it contribute.

Skinning is linear in the vertices, so a point that is a weighted mean of vertices needs no mesh: it is a sum
over bones of R_j a_ij + b_ij t_j, with a_ij and b_ij computed once (as in `models.hand.articulation`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.geometry import (
    axis_angle_from_rotation,
    procrustes,
    rotation_from_6d,
    rotation_from_axis_angle,
)
from models.hand.articulation import cross_matrix
from models.hand.hand_data import N_BETAS, N_BONES, HandData
from models.types import N_VERTICES, Float64

N_SPREAD = 200
"""How many of a mesh's vertices are met."""
_POINT_M, _TURN_RAD = 1e-3, 1.5  # one standard deviation of a point, and of a bone about its rest pose
_MAX_STEPS, _ENOUGH, _EXACT_M = 40, 1e-3, 5e-5  # steps; relative gain and error at which they end


@dataclass(frozen=True)
class PosedHand:
    """A right hand's parameters, in the frame of the points."""

    rotations: Float64  # (16, 3, 3) of each bone in its parent's frame, the wrist's in the points' frame
    betas: Float64  # (10,)
    translation_m: Float64  # (3,) the wrist joint
    turns: Float64  # (16, 3, 3) of each bone in the points' frame
    joints_m: Float64  # (16, 3) rotation centres, posed
    error_m: float  # root mean square distance of the points


@dataclass(frozen=True)
class _Trial:
    hand: PosedHand
    parts: Float64  # (P, 3) what each bone contributes to each point it moves
    residual: Float64  # (3 N + 55,) points, the fingers' turns from rest, and betas, in standard deviations


class InverseSkinning:
    """Fits one hand model to points. Stateless; `previous` makes the next frame quick."""

    def __init__(self, hand: HandData, regressor: ArrayLike | None = None) -> None:
        """regressor: (N, 778) vertices -> points; None: the points are the vertices."""
        self.hand = hand
        self._parents = hand.parents.tolist()
        below = np.eye(N_BONES)
        for j in range(N_BONES - 1, 0, -1):
            below[self._parents[j]] += below[j]
        self._below = below  # (16, 16) 1 where bone k is j or beyond it
        W = hand.weights.astype(np.float64)
        shapes = np.concatenate([hand.template_m[None], hand.shape_dirs]).astype(np.float64)
        self._joints = np.concatenate([hand.joints_rest[None], hand.joint_dirs]).astype(np.float64)
        self._joints_flat = self._joints.reshape(1 + N_BETAS, -1)
        if regressor is None:
            self._rows = _spread(np.asarray(hand.template_m, np.float64), N_SPREAD)
            self._given = N_VERTICES
            b = W[self._rows]
            a = b[:, :, None, None] * shapes[:, self._rows].transpose(1, 0, 2)[:, None]
        else:
            Q = np.asarray(regressor, np.float64)
            self._rows, self._given = np.arange(len(Q)), len(Q)
            b = Q @ W
            a = np.einsum("iv,vj,lvx->ijlx", Q, W, shapes, optimize=True)
        a -= b[:, :, None, None] * self._joints.transpose(1, 0, 2)  # seen from each bone's joint
        small = (np.abs(b) < 1e-7) & (np.abs(a).max((2, 3)) < 1e-8)
        self._point, self._bone = np.nonzero(~small)  # few bones move a point: P pairs, point by point
        self._starts = np.flatnonzero(np.diff(self._point, prepend=-1))
        self._a, self._b = a[~small], b[~small][:, None]  # (P, 11, 3), (P, 1)
        self._flat = np.ascontiguousarray(self._a.transpose(1, 0, 2)).reshape(1 + N_BETAS, -1)
        self._moved_b = below @ b.T  # (16, N)
        self._correctives: Float64 | None = None
        if hand.pose_dirs is not None:
            Q = np.eye(N_VERTICES)[self._rows] if regressor is None else np.asarray(regressor, np.float64)
            c = np.einsum("iv,vj,pvx->pijx", Q, W, hand.pose_dirs.astype(np.float64), optimize=True)
            self._correctives = np.ascontiguousarray(c[:, ~small]).reshape(len(c), -1)  # (135, 3 P)
        rest = self._a[:, 0] + self._b * self._joints[0][self._bone]
        self._rest = np.add.reduceat(rest, self._starts)  # (N, 3)

    def fit(
        self,
        points_m: ArrayLike,
        previous: PosedHand | None = None,
        enough_m: float = _EXACT_M,
        steps: int = _MAX_STEPS,
    ) -> PosedHand:
        """points_m: (778, 3) or (N, 3), any frame, metres; a right hand (mirror a left one first).

        enough_m: a previous hand that meets them so well (RMS) is taken as it is. steps: at most so many from
        there, each a millisecond. Raises ValueError for points of another shape or that are not finite.
        """
        P = self._chosen(points_m)
        if previous is None:
            fresh = self._solve(P, self._start(P))
        else:
            again = self._again(P, previous)
            fresh = again.hand if again.hand.error_m <= enough_m else self._solve(P, again, steps)
        if previous is not None and fresh.error_m > 2 * previous.error_m + _POINT_M:
            afresh = self._solve(P, self._start(P))  # the hand has jumped
            fresh = min(fresh, afresh, key=lambda found: found.error_m)
        return fresh

    def at(
        self, points_m: ArrayLike, rotations: ArrayLike, betas: ArrayLike, translation_m: ArrayLike
    ) -> PosedHand:
        """These parameters with what follows from them, and how far off the points (as in `fit`) they are."""
        R, b, t = (np.asarray(value, np.float64) for value in (rotations, betas, translation_m))
        return self._placed(self._chosen(points_m), R, b, t)[0]

    def carried(self, found: PosedHand, was: PosedHand, now: PosedHand) -> PosedHand:
        """A hand that was found in one model, moved on as the same hand moved in another from `was` to `now`.

        Bone by bone the two models keep their turn towards each other. It is where to start, or stay.
        """
        turns = _orthonormal(now.turns @ was.turns.transpose(0, 2, 1) @ found.turns)
        rotations = turns.copy()
        rotations[1:] = turns[self._parents[1:]].transpose(0, 2, 1) @ turns[1:]
        off = found.translation_m - was.translation_m
        at = now.translation_m + now.turns[0] @ was.turns[0].T @ off
        return replace(found, rotations=rotations, translation_m=at, turns=turns)

    def _chosen(self, points_m: ArrayLike) -> Float64:
        P = np.asarray(points_m, np.float64)
        if P.shape != (self._given, 3) or not np.isfinite(P).all():
            raise ValueError(f"points: expected ({self._given}, 3), finite, got {P.shape}")
        return P[self._rows]

    def _start(self, P: Float64) -> _Trial:
        _, R, t = procrustes(self._rest, P, scale=False)
        rotations = np.tile(np.eye(3), (N_BONES, 1, 1))
        rotations[0] = R
        return self._tried(P, rotations, np.zeros(N_BETAS), t)

    def _again(self, P: Float64, hand: PosedHand) -> _Trial:
        return self._tried(P, hand.rotations, hand.betas, hand.translation_m)

    def _solve(self, P: Float64, start: _Trial, steps: int = _MAX_STEPS) -> PosedHand:
        found, damping = start, 1e-3
        if found.hand.error_m < _EXACT_M:
            return found.hand
        for _ in range(steps):
            A = self._jacobian(found)
            H, g = A.T @ A, A.T @ found.residual
            lost = float(found.residual @ found.residual)
            while True:
                step = -np.linalg.solve(H + damping * np.diag(H.diagonal() + 1e-6), g)
                d = np.asarray(step * min(1.0, 0.8 / (np.abs(step[3:51]).max() + 1e-12)), np.float64)
                tried = self._moved(P, found.hand, d)
                left = float(tried.residual @ tried.residual)
                if left <= lost or damping > 1e4:
                    break
                damping *= 8
            if left > lost:
                break
            found, damping = tried, max(damping / 4, 1e-9)
            if lost - left < _ENOUGH * lost or found.hand.error_m < _EXACT_M:
                break
        return found.hand

    def _tried(self, P: Float64, rotations: Float64, betas: Float64, translation_m: Float64) -> _Trial:
        hand, parts, off = self._placed(P, rotations, betas, translation_m)
        bent = axis_angle_from_rotation(rotations[1:]) / _TURN_RAD
        return _Trial(hand, parts, np.concatenate([off.ravel() / _POINT_M, bent.ravel(), betas]))

    def _placed(
        self, P: Float64, rotations: Float64, betas: Float64, translation_m: Float64
    ) -> tuple[PosedHand, Float64, Float64]:
        """The hand, what each bone contributes to each point, and how far off (N, 3) the points are."""
        rest = (np.append(1.0, betas) @ self._joints_flat).reshape(N_BONES, 3)
        arms = rest[1:] - rest[self._parents[1:]]
        turns, at = np.empty((N_BONES, 3, 3)), np.empty((N_BONES, 3))
        turns[0], at[0] = rotations[0], translation_m
        for j, parent in enumerate(self._parents[1:], 1):
            turns[j] = turns[parent] @ rotations[j]
            at[j] = at[parent] + turns[parent] @ arms[j - 1]
        x = np.append(1.0, betas) @ self._flat
        if self._correctives is not None:
            x = x + (rotations[1:] - np.eye(3)).ravel() @ self._correctives
        parts = (turns[self._bone] @ x.reshape(-1, 3, 1))[..., 0] + self._b * at[self._bone]
        off = np.add.reduceat(parts, self._starts) - P
        error = float(np.sqrt((off**2).sum(1).mean()))
        return PosedHand(rotations, betas, translation_m, turns, at, error), parts, off

    def _moved(self, P: Float64, hand: PosedHand, d: Float64) -> _Trial:
        """d: translation 3, a small turn of each bone in the points' frame 48, betas 10."""
        small = rotation_from_axis_angle(d[3:51].reshape(N_BONES, 3))
        above = np.concatenate([np.eye(3)[None], hand.turns[self._parents[1:]]])
        local = above.transpose(0, 2, 1) @ small @ above @ hand.rotations
        return self._tried(P, _orthonormal(local), hand.betas + d[51:], hand.translation_m + d[:3])

    def _jacobian(self, trial: _Trial) -> Float64:
        """(3 N + 55, 61) of the residual by what `_moved` takes."""
        hand, bone, n = trial.hand, self._bone, len(self._rest)
        parts = np.zeros((N_BONES, n, 3))
        parts[bone, self._point] = trial.parts
        arms = (self._below @ parts.reshape(N_BONES, -1)).reshape(parts.shape)
        arms -= self._moved_b[..., None] * hand.joints_m[:, None]
        A = np.zeros((3 * n + 55, 51 + N_BETAS))
        points = A[: 3 * n].reshape(n, 3, -1)
        points[:, :, :3] = np.eye(3)
        crossed = cross_matrix(-arms.reshape(-1, 3)).reshape(N_BONES, n, 3, 3)
        points[:, :, 3:51] = crossed.transpose(1, 2, 0, 3).reshape(n, 3, 48)
        dirs = self._joints[1:].transpose(1, 2, 0)  # (16, 3, 10)
        bent = np.zeros((N_BONES, 3, N_BETAS))  # how the rotation centres move with the betas
        for j, parent in enumerate(self._parents[1:], 1):
            bent[j] = bent[parent] + hand.turns[parent] @ (dirs[j] - dirs[parent])
        shaped = hand.turns[bone] @ self._a[:, 1:].transpose(0, 2, 1) + self._b[..., None] * bent[bone]
        points[:, :, 51:] = np.add.reduceat(shaped, self._starts)
        A[: 3 * n] /= _POINT_M
        turned = hand.turns[self._parents[1:]].transpose(0, 2, 1) / _TURN_RAD
        for j in range(1, N_BONES):  # near rest, a turn in the parent's frame is its axis-angle
            A[3 * n + 3 * j - 3 : 3 * n + 3 * j, 3 + 3 * j : 6 + 3 * j] = turned[j - 1]
        A[3 * n + 45 :, 51:] = np.eye(N_BETAS)
        return A


def _orthonormal(rotations: Float64) -> Float64:
    """Rounding grows from frame to frame where each is found from the one before."""
    return rotation_from_6d(rotations[:, :, :2].transpose(0, 2, 1))


def _spread(points: Float64, count: int) -> NDArray[np.intp]:
    """Rows of (N, 3) points, each as far as can be from those before it: even over the whole surface."""
    chosen = [int(np.argmax(np.linalg.norm(points - points.mean(0), axis=1)))]
    away = np.full(len(points), np.inf)
    while len(chosen) < min(count, len(points)):
        away = np.minimum(away, ((points - points[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(np.argmax(away)))
    return np.sort(np.asarray(chosen))
