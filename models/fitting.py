"""`fit`: MediaPipe's 21 landmarks -> the parameters of the hand model, in the camera frame.

The image landmarks are trusted on their camera rays; the world landmarks for depth along the line of sight
alone, shrunk, because single-view depth is exaggerated; bone lengths come from the hand model. A damped
Gauss-Newton over translation, rotation, anatomical angles (clipped to their limits) and shape, with priors
as extra residuals, converges in a few steps from the previous frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from models.articulation import Articulation, Kinematics, State
from models.geometry import procrustes, rotation_from_axis_angle
from models.hand_data import HandData
from models.skinning import pose_hand
from models.types import Array, Side

Float = NDArray[np.float64]

PALM = np.array([0, 1, 5, 9, 13, 17])
MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class FitConfig:
    """How far each kind of evidence is trusted: one standard deviation each."""

    image: float = 0.012  # landmarks, in hand boxes
    depth_m: float = 0.012  # depth of a joint along the line of sight
    depth_gain: float = 0.8  # true depth over MediaPipe's
    beta: float = 1.0  # shape: the population's own spread
    size_m: float = (
        0.001  # palm length about the mean: a picture can't tell small and near from large and far
    )
    flexion_rad: float = 1.2  # about a slightly bent finger
    sideways_rad: float = 0.25  # abduction and twist about straight
    couple_rad: float = 0.35  # end joint about two thirds of the middle joint
    angle_step_rad: float = 0.5  # from frame to frame
    beta_memory: int = 300  # frames over which a tracked hand's shape is averaged
    steps_cold: int = 14
    steps_warm: int = 4


@dataclass(frozen=True)
class HandFit:
    """A fitted hand, in the camera frame, metres. Left hands are true left hands."""

    side: Side
    pose: Array  # (16, 3) axis-angle of the right-hand model (of the mirrored hand, for a left one)
    betas: Array  # (10,)
    vertices_m: Array  # (778, 3)
    joints_m: Array  # (21, 3)
    error: float  # root mean square reprojection error over the hand's box
    state: State  # where the next frame's fit starts
    frames: int  # how many frames have voted on the shape


class HandFitter:
    """Fits one hand model. Stateless: continuity comes in by `previous`."""

    def __init__(self, hand: HandData, config: FitConfig | None = None) -> None:
        self.hand = hand
        self.config = config or FitConfig()
        self.articulation = Articulation(hand)
        free = self.articulation.free
        c = self.config
        flexion = free[:, 1] == 0
        self._angle_sigma = np.where(flexion, c.flexion_rad, c.sideways_rad)
        self._angle_rest = np.where(flexion, np.radians(15), 0.0)
        self._low = self.articulation.low[free[:, 0], free[:, 1]]
        self._high = self.articulation.high[free[:, 0], free[:, 1]]
        rank = {(int(j), int(a)): k for k, (j, a) in enumerate(free)}
        self._couple = np.array([(rank[j + 1, 0], rank[j, 0]) for j in (4, 7, 10, 13)])  # end, middle joint
        joints = hand.regressor_21.astype(np.float64) @ np.concatenate(
            [hand.template_m[None], hand.shape_dirs]
        )
        palm = joints[:, 9] - joints[:, 0]
        self._size = palm[1:] @ palm[0] / np.linalg.norm(palm[0])  # (10,) metres of palm length per beta
        neutral = State(np.eye(3), np.zeros(3), np.zeros((15, 3)), np.zeros(10))
        self._rest_joints = self.articulation(neutral).joints

    def fit(
        self,
        joints_ray: ArrayLike,
        joints_world_m: ArrayLike,
        side: Side,
        previous: HandFit | None = None,
        weights: ArrayLike | None = None,
    ) -> HandFit:
        """Fit one hand in one frame.

        joints_ray: (21, 2) x/z, y/z of the landmarks' camera rays. joints_world_m: (21, 3) MediaPipe's
        world landmarks turned into the camera's axes. previous: the same hand's fit one frame earlier.
        weights: (21,) trust in each joint, 1 if not given.
        Raises ValueError where the landmarks are not finite or fall on one point.
        """
        u, world = np.asarray(joints_ray, np.float64), np.asarray(joints_world_m, np.float64)
        if (
            u.shape != (21, 2)
            or world.shape != (21, 3)
            or not (np.isfinite(u).all() and np.isfinite(world).all())
        ):
            raise ValueError("fit: expected 21 finite landmarks (21, 2) and world landmarks (21, 3)")
        w = np.ones(21) if weights is None else np.asarray(weights, np.float64)
        if side == "left":
            u, world = u * MIRROR[:2], world * MIRROR
        box = float((u.max(0) - u.min(0)).max())
        if box < 1e-6:
            raise ValueError("fit: the landmarks fall on one point")
        sight = np.append(u.mean(0), 1.0)
        sight /= np.linalg.norm(sight)
        depth = self.config.depth_gain * (world @ sight)
        warm = previous is not None and previous.side == side and previous.error < 0.08
        state = previous.state if warm and previous else self._start(u, depth)
        seen = previous.frames if warm and previous else 0
        state, kin = self._solve(state, u, depth, sight, box, w, previous if warm else None, seen)
        return self._finish(state, kin, u, box, side, min(seen + 1, self.config.beta_memory))

    def _start(self, u: Float, depth: Float) -> State:
        """A first guess: the palm laid on the rays at the depth where its size fits, fingers half open."""
        rays = np.column_stack([u, np.ones(21)])
        rest = self._rest_joints[PALM]
        size = np.linalg.norm(rest - rest.mean(0))
        z = 0.5
        for _ in range(4):  # the palm's size in the picture fixes its distance
            target = rays * (z + depth - depth[PALM].mean())[:, None].clip(0.05)
            found = np.linalg.norm(target[PALM] - target[PALM].mean(0))
            z = float(np.clip(z * size / found, 0.05, 3.0))
        target = rays * (z + depth - depth[PALM].mean())[:, None].clip(0.05)
        _, R, t = procrustes(rest, target[PALM], scale=False)
        angles = np.zeros((15, 3))
        for f in range(5):
            bones = np.diff(
                target[[0 if f else 1, *range(1 + 4 * f, 5 + 4 * f)] if f else [0, 1, 2, 3, 4]], axis=0
            )
            bones /= np.linalg.norm(bones, axis=1, keepdims=True) + 1e-9
            bend = np.arccos((bones[:-1] * bones[1:]).sum(1).clip(-1, 1))
            angles[3 * f : 3 * f + 3, 0] = 0.8 * bend[-3:]
        return State(R, t, angles.clip(self.articulation.low, self.articulation.high), np.zeros(10))

    def _solve(
        self,
        state: State,
        u: Float,
        depth: Float,
        sight: Float,
        box: float,
        w: Float,
        previous: HandFit | None,
        seen: int,
    ) -> tuple[State, Kinematics]:
        c, free = self.config, self.articulation.free
        D = len(free)
        before, before_betas = state.angles[free[:, 0], free[:, 1]].copy(), state.betas
        H0 = np.zeros(6 + D + 10)
        H0[:6] = 1e-6
        H0[6 : 6 + D] = self._angle_sigma**-2.0 + (c.angle_step_rad**-2 if previous else 0.0)
        H0[6 + D :] = c.beta**-2 + seen * 4.0
        size = self._size / c.size_m
        depth0 = depth - depth.mean()
        for step in range((c.steps_warm if previous else c.steps_cold) + 1):
            kin = self.articulation(state)
            if step == (c.steps_warm if previous else c.steps_cold):
                break
            X, J = kin.joints, kin.jacobian
            z = X[:, 2].clip(0.02)
            r = np.empty((21, 3))
            A = np.empty((21, 3, J.shape[2]))
            s = np.sqrt(w) / (c.image * box)
            r[:, :2] = (X[:, :2] / z[:, None] - u) * s[:, None]
            A[:, :2] = (J[:, :2] - (X[:, :2] / z[:, None])[:, :, None] * J[:, 2:]) * (s / z)[:, None, None]
            along = X @ sight
            r[:, 2] = (along - along.mean() - depth0) / c.depth_m
            Jz = np.tensordot(sight, J, ((0,), (1,)))
            A[:, 2] = (Jz - Jz.mean(0)) / c.depth_m
            r2, A2 = r.reshape(-1), A.reshape(63, -1)
            H, g = A2.T @ A2, A2.T @ r2
            a = state.angles[free[:, 0], free[:, 1]]
            H[np.diag_indices_from(H)] += H0
            H[6 + D :, 6 + D :] += np.outer(size, size)
            g[6 : 6 + D] += (a - self._angle_rest) * self._angle_sigma**-2.0
            if previous:
                g[6 : 6 + D] += (a - before) * c.angle_step_rad**-2
            g[6 + D :] += state.betas * c.beta**-2 + (state.betas - before_betas) * (seen * 4.0)
            g[6 + D :] += size * (size @ state.betas)
            end, middle = self._couple.T
            off = (a[end] - 0.67 * a[middle]) * c.couple_rad**-2
            for e, m, o in zip(6 + end, 6 + middle, off, strict=True):
                H[e, e] += c.couple_rad**-2
                H[m, m] += 0.45 * c.couple_rad**-2
                H[e, m] -= 0.67 * c.couple_rad**-2
                H[m, e] -= 0.67 * c.couple_rad**-2
                g[e] += o
                g[m] -= 0.67 * o
            stuck = np.zeros(len(g), bool)  # at a limit and pushing outwards: held there
            stuck[6 : 6 + D] = ((a <= self._low) & (g[6 : 6 + D] > 0)) | (
                (a >= self._high) & (g[6 : 6 + D] < 0)
            )
            H[stuck], H[:, stuck], g[stuck] = 0, 0, 0
            H[stuck, stuck] = 1
            state = self._move(state, np.asarray(np.linalg.solve(H, -g), np.float64), a)
        return state, kin

    def _move(self, state: State, d: Float, a: Float) -> State:
        free = self.articulation.free
        D = len(free)
        d = d * min(1.0, 0.6 / (np.abs(d[3 : 6 + D]).max() + 1e-9))
        angles = state.angles.copy()
        angles[free[:, 0], free[:, 1]] = (a + d[6 : 6 + D]).clip(self._low, self._high)
        t = state.t + d[:3]
        return State(
            rotation_from_axis_angle(d[3:6]) @ state.R,
            t if t[2] > 0.05 else t * (0.05 / max(t[2], 1e-3)),
            angles,
            (state.betas + d[6 + D :]).clip(-4, 4),
        )

    def _finish(
        self, state: State, kin: Kinematics, u: Float, box: float, side: Side, frames: int
    ) -> HandFit:
        vertices, joints = pose_hand(self.hand, kin.rotations, state.betas, state.t)
        error = np.sqrt((((joints[:, :2] / joints[:, 2:].clip(0.02)) - u) ** 2).sum(1).mean()) / box
        pose = Rotation.from_matrix(kin.rotations).as_rotvec()
        if side == "left":
            vertices, joints = vertices * MIRROR, joints * MIRROR
        f = np.float32
        return HandFit(
            side,
            pose.astype(f),
            state.betas.astype(f),
            np.asarray(vertices, f),
            np.asarray(joints, f),
            float(error),
            replace(state),
            frames,
        )
