"""`fit`: MediaPipe's 21 landmarks -> the parameters of the hand model, in the camera frame.

The image landmarks are trusted on their camera rays; the world landmarks for depth along the line of sight
alone, shrunk, because single-view depth is exaggerated; bone lengths come from the hand model. A damped
Gauss-Newton over translation, rotation, anatomical angles (clipped to their limits) and shape, with priors
as extra residuals, converges in a few steps from the previous frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from models.geometry import procrustes
from models.hand.articulation import Articulation, State
from models.hand.hand_data import HandData
from models.hand.skinning import pose_hand
from models.types import Float32, Float64, Handedness, HandPose

PALM = np.array([0, 1, 5, 9, 13, 17])
MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class FitConfig:
    """How far each kind of evidence is trusted: one standard deviation each."""

    image: float = 0.012  # landmarks, in hand boxes
    depth_m: float = 0.008  # depth of a joint along the line of sight
    depth_gain: float = 0.8  # true depth over MediaPipe's
    beta: float = 1.0  # shape: the population's own spread
    # palm length about the mean: a picture can't tell small and near from large and far
    size_m: float = 0.001
    flexion_rad: float = 1.2  # about a slightly bent finger
    sideways_rad: float = 0.25  # abduction and twist about straight
    couple_rad: float = 0.6  # end joint about two thirds of the middle joint
    angle_step_rad: float = 0.5  # from frame to frame
    beta_memory: int = 300  # frames over which a tracked hand's shape is averaged
    doubt: float = 0.035  # reprojection error, in hand boxes, from which a fresh start is tried
    steps_cold: int = 14
    steps_warm: int = 4


@dataclass(frozen=True)
class HandFit:
    """A fitted hand, in the camera frame, metres. Left hands are true left hands."""

    handedness: Handedness
    rotations: Float32  # (16, 3, 3) local, of the right-hand model (of the mirrored hand, for a left one)
    betas: Float32  # (10,)
    vertices_m: Float32  # (778, 3)
    joints_m: Float32  # (21, 3)
    error: float  # root mean square reprojection error over the hand's box
    state: State  # where the next frame's fit starts
    frames: int  # how many frames have voted on the shape
    pose: HandPose  # of the open hand

    @property
    def axis_angles(self) -> Float32:
        """(16, 3) the rotations."""
        return Rotation.from_matrix(self.rotations).as_rotvec().astype(np.float32)


@dataclass(frozen=True)
class _Goal:
    """What the hand of one frame is fitted to; a right hand, or a left one mirrored."""

    u: Float64  # (21, 2) rays
    depth: Float64  # (21,) along the line of sight, metres, mean 0
    sight: Float64  # (3,) the line of sight
    box: float  # the hand's size among the rays
    sqrt_weights: Float64  # (21, 1) square roots of the joints' weights


@dataclass(frozen=True)
class _Found:
    state: State
    rotations: Float64  # (16, 3, 3) local
    vertices_m: Float32  # (778, 3)
    joints_m: Float32  # (21, 3)
    error: float  # as in HandFit


class HandFitter:
    """Fits one hand model. Stateless: continuity comes in by `previous`."""

    def __init__(
        self, hand: HandData, config: FitConfig | None = None, mean_betas: ArrayLike | None = None
    ) -> None:
        """hand: what is fitted. mean_betas: (10,) the open hand's where `hand` is at its mean; None: zero."""
        self.hand = hand
        self._mean_betas = np.zeros(10) if mean_betas is None else np.asarray(mean_betas, np.float64)
        self.config = config or FitConfig()
        self.articulation = Articulation(hand)
        free, c = self.articulation.free, self.config
        D = len(free)
        self._free = (free[:, 0], free[:, 1])
        self._low, self._high = self.articulation.low[self._free], self.articulation.high[self._free]
        flexion = free[:, 1] == 0
        self._mean = np.concatenate([np.where(flexion, np.radians(15), 0.0), np.zeros(10)])
        self._precision = np.diag(
            np.concatenate([np.where(flexion, c.flexion_rad, c.sideways_rad), np.full(10, c.beta)]) ** -2.0
        )
        rank = {(int(j), int(a)): k for k, (j, a) in enumerate(free)}
        for middle in (4, 7, 10, 13):
            couple = np.zeros(D + 10)
            couple[[rank[middle + 1, 0], rank[middle, 0]]] = 1.0, -2 / 3
            self._precision += np.outer(couple, couple) * c.couple_rad**-2
        joints = hand.regressor_21.astype(np.float64) @ np.concatenate(
            [hand.template_m[None], hand.shape_dirs]
        )
        palm = joints[:, 9] - joints[:, 0]
        size = np.append(np.zeros(D), palm[1:] @ palm[0] / np.linalg.norm(palm[0]))  # palm length per beta
        self._precision += np.outer(size, size) * c.size_m**-2
        neutral = State(np.eye(3), np.zeros(3), np.zeros((15, 3)), np.zeros(10))
        self._rest_joints = self.articulation(neutral).joints

    def fit(
        self,
        joints_ray: ArrayLike,
        joints_world_m: ArrayLike,
        handedness: Handedness,
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
        if handedness == "left":
            u, world = u * MIRROR[:2], world * MIRROR
        box = float((u.max(0) - u.min(0)).max())
        if box < 1e-6:
            raise ValueError("fit: the landmarks fall on one point")
        sight = np.append(u.mean(0), 1.0)
        sight /= np.linalg.norm(sight)
        depth = self.config.depth_gain * (world @ sight)
        goal = _Goal(u, depth - depth.mean(), sight, box, np.sqrt(w)[:, None])
        known = previous is not None and previous.handedness == handedness
        betas, frames = (previous.state.betas, previous.frames) if previous and known else (np.zeros(10), 0)
        found = None
        if previous and known:
            found = self._solve(previous.state, goal, frames, warm=True)
        if found is None or found.error > self.config.doubt:
            fresh = self._solve(self._start(u, depth, betas), goal, frames, warm=False)
            found = fresh if found is None or fresh.error < found.error else found
        vertices, joints = found.vertices_m, found.joints_m
        if handedness == "left":
            vertices, joints = vertices * MIRROR, joints * MIRROR
        return HandFit(
            handedness,
            found.rotations.astype(np.float32),
            found.state.betas.astype(np.float32),
            vertices.astype(np.float32),
            joints.astype(np.float32),
            error=found.error,
            state=found.state,
            frames=min(frames + 1, self.config.beta_memory),
            pose=HandPose(
                found.rotations.astype(np.float32),
                (found.state.betas + self._mean_betas).astype(np.float32),
                found.state.t.astype(np.float32),
            ),
        )

    def _start(self, u: Float64, depth: Float64, betas: Float64) -> State:
        """A first guess: the palm on the rays at the depth where its size fits, fingers bent as they look."""
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
        bones = np.diff(target, axis=0)
        bones[::4] = target[1::4] - target[0]
        bones /= np.linalg.norm(bones, axis=1, keepdims=True) + 1e-9
        bend = np.arccos((bones[:-1] * bones[1:]).sum(1).clip(-1, 1))
        angles = np.zeros((15, 3))
        angles[:, 0] = 0.8 * np.append(bend, 0).reshape(5, 4)[:, :3].reshape(15)
        return State(R, t, angles.clip(self.articulation.low, self.articulation.high), betas)

    def _solve(self, state: State, goal: _Goal, frames: int, warm: bool) -> _Found:
        """Gauss-Newton from a state. frames: how many have voted on its shape."""
        c, free, D = self.config, self._free, len(self._low)
        previous = np.concatenate([state.angles[free], state.betas])
        held = np.zeros(D + 10)  # how firmly the last frame's angles and shape are kept
        held[:D], held[D:] = c.angle_step_rad**-2 if warm else 0.0, 4.0 * frames
        damping = np.diag(np.concatenate([np.full(6, 1e-6), held]))
        damping[6:, 6:] += self._precision
        scale = goal.sqrt_weights / (c.image * goal.box)
        r, A = np.empty((21, 3)), np.empty((21, 3, D + 16))
        for _ in range(c.steps_warm if warm else c.steps_cold):
            kin = self.articulation(state)
            X, J, z = kin.joints, kin.jacobian, np.maximum(kin.joints[:, 2:], 0.02)
            xy, along = X[:, :2] / z, X @ goal.sight
            r[:, :2] = (xy - goal.u) * scale
            r[:, 2] = (along - along.sum() / 21 - goal.depth) / c.depth_m
            np.subtract(J[:, :2], xy[:, :, None] * J[:, 2:], out=A[:, :2])
            A[:, :2] *= (scale / z)[:, :, None]
            Jz = goal.sight @ J
            A[:, 2] = (Jz - Jz.sum(0) / 21) / c.depth_m
            rows = A.reshape(63, -1)
            a = state.angles[free]
            x = np.concatenate([a, state.betas])
            H, g = rows.T @ rows + damping, rows.T @ r.reshape(-1)
            g[6:] += self._precision @ (x - self._mean) + held * (x - previous)
            push = g[6 : 6 + D]
            stuck = 6 + np.flatnonzero(((a <= self._low) & (push > 0)) | ((a >= self._high) & (push < 0)))
            if len(stuck):  # at a limit and pushing outwards: held there
                H[stuck], H[:, stuck], g[stuck] = 0, 0, 0
                H[stuck, stuck] = 1
            state = self._moved(state, np.asarray(np.linalg.solve(H, -g), np.float64), a)
        rotations = self.articulation.rotations(state)
        vertices, joints = pose_hand(self.hand, rotations, state.betas, state.t)
        off = joints[:, :2] / joints[:, 2:].clip(0.02) - goal.u
        error = float(np.sqrt((off**2).sum(1).mean())) / goal.box
        return _Found(state, rotations, vertices, joints, error)

    def _moved(self, state: State, d: Float64, a: Float64) -> State:
        """One step, of half a radian at most, within the limits and in front of the camera."""
        D = len(a)
        d = d * min(1.0, 0.6 / (np.abs(d[3 : 6 + D]).max() + 1e-9))
        angles = state.angles.copy()
        angles[self._free] = (a + d[6 : 6 + D]).clip(self._low, self._high)
        t = state.t + d[:3]
        t = t if t[2] > 0.05 else t * (0.05 / max(t[2], 1e-3))
        R = cv2.Rodrigues(d[3:6])[0] @ state.R  # five times as fast as `geometry`'s, which takes many
        return State(R, t, angles, (state.betas + d[6 + D :]).clip(-4, 4))
