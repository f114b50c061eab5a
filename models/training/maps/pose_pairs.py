"""Pairs without pictures: a hand's true pose, and its 21 joints as a network would say them.

Poses and views are those of the drawn hands. The joints' errors are like an encoder's: in the picture they
grow along a finger and move the whole hand; in space the depth is stretched or shrunk, the hand tilted, and
its size a guess. What joints can't tell, the palm's true length, is the mean hand's for all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.geometry import rotation_from_axis_angle
from models.hand.hand_data import N_BETAS, HandData
from models.hand.joint_limits import anatomical_frames, angles_to_rotations
from models.networks.layers.skinning import HandSkinning
from models.networks.mesh_stage import size_direction
from models.training.synthetic.poses import MeasuredPoses, PoseSource
from models.training.synthetic.viewpoints import crop_cameras, sample_viewpoints
from models.types import Float64

_FRESH = 256  # poses drawn anew for each batch of pairs: the check for touching is slow
_NEAREST_M = 0.06


@dataclass(frozen=True)
class NoiseConfig:
    """How far off joints are: medians, and how much they differ from hand to hand (deviation of the log)."""

    picture: float = 0.009  # of the crop's width
    picture_spread: float = 0.6
    space_m: float = 0.0035
    space_spread: float = 0.5
    depth: tuple[float, float] = (0.03, 0.2)  # mean and deviation of the log of said over true depth
    tilt_rad: float = 0.1  # about any axis
    size: float = 0.08  # deviation of its log


@dataclass(frozen=True)
class PosePairs:
    """B right hands, in their crops' frames."""

    R: Tensor  # (B, 16, 3, 3) true local rotations, the wrist's in the crop's frame
    betas: Tensor  # (B, 10)
    root_m: Tensor  # (B, 3) joint 0
    focal: Tensor  # (B,) in crop widths
    joints_2d: Tensor  # (B, 21, 2) as said, 0..1 of the crop
    joints_m: Tensor  # (B, 21, 3) as said, from the wrist


class PairSource:
    """Draws pairs; the same seed gives the same ones in turn."""

    def __init__(
        self, hand: HandData, seed: int = 0, noise: NoiseConfig | None = None, bank: int = 16384
    ) -> None:
        """bank: poses that are kept, each shown from many sides before it is replaced; a multiple of 256."""
        self._rng, self._noise = np.random.default_rng(seed), noise or NoiseConfig()
        self._poses, self._frames = PoseSource(hand, MeasuredPoses.shipped()), anatomical_frames(hand)
        self._skinning, self._size = HandSkinning(hand), size_direction(hand)
        self._bank: Float64 = np.empty((0, 15, 3))
        self._count, self._at = bank, 0

    def draw(self, n: int) -> PosePairs:
        """`n` pairs. The first call fills the bank of poses."""
        rng = self._rng
        views = sample_viewpoints(rng, n)
        betas = np.clip(rng.standard_normal((n, N_BETAS)), -2.5, 2.5)
        betas -= (betas @ self._size)[:, None] * self._size
        local = angles_to_rotations(self._angles(n), self._frames)
        R = np.concatenate([views.R_wrist[:, None], local], 1)
        with torch.no_grad():
            none = torch.zeros(0, dtype=torch.long)
            _, J = self._skinning(torch.from_numpy(R).float(), torch.from_numpy(betas).float(), none)
        joints = J.double().numpy()
        middle = 0.5 * (joints.min(1) + joints.max(1))
        place = -middle
        place[:, 2] = np.maximum(views.distance_m - middle[:, 2], _NEAREST_M - joints[..., 2].min(1))
        R_crop, focal = crop_cameras(joints + place[:, None], views)
        R[:, 0] = R_crop @ R[:, 0]
        true = (joints + place[:, None]) @ R_crop.transpose(0, 2, 1)
        said_2d, said_m = self._said(true, focal)
        arrays = (R, betas, true[:, 0], focal, said_2d, said_m)
        return PosePairs(*(torch.from_numpy(a.astype(np.float32)) for a in arrays))

    def _angles(self, n: int) -> Float64:
        if len(self._bank) == 0:
            drawn = [self._poses.draw(self._rng, _FRESH) for _ in range(self._count // _FRESH)]
            self._bank = np.concatenate(drawn)
        self._bank[self._at : self._at + _FRESH] = self._poses.draw(self._rng, _FRESH)
        self._at = (self._at + _FRESH) % self._count
        return np.asarray(self._bank[self._rng.integers(0, self._count, n)])

    def _said(self, true: Float64, focal: Float64) -> tuple[Float64, Float64]:
        """True joints (B, 21, 3), crop frame -> as said: (B, 21, 2), (B, 21, 3)."""
        rng, c, n = self._rng, self._noise, len(true)
        uv = true[..., :2] / true[..., 2:] * focal[:, None, None] + 0.5
        far = c.picture * np.exp(rng.normal(0, c.picture_spread, (n, 1, 1)))
        own = 0.6 * rng.standard_normal((n, 21, 2)) + 0.5 * _along_fingers(rng, n, 2)
        uv = uv + far * (own + 0.7 * rng.standard_normal((n, 1, 2)))
        X = (true - true[:, :1]) * np.exp(rng.normal(0, c.size, (n, 1, 1)))
        X[..., 2] *= np.exp(rng.normal(*c.depth, (n, 1)))
        tilt = rng.normal(0, c.tilt_rad, (n, 3)) * np.exp(rng.normal(0, 0.4, (n, 1)))
        X = X @ rotation_from_axis_angle(tilt).transpose(0, 2, 1)
        far = c.space_m * np.exp(rng.normal(0, c.space_spread, (n, 1, 1))) * np.array([0.8, 0.8, 1.4])
        X = X + far * (0.5 * rng.standard_normal((n, 21, 3)) + 0.7 * _along_fingers(rng, n, 3))
        return uv, X - X[:, :1]


def _along_fingers(rng: np.random.Generator, n: int, axes: int) -> Float64:
    """(n, 21, axes) errors that add up from knuckle to tip; none at the wrist."""
    chain = rng.standard_normal((n, 5, 4, axes)).cumsum(2).reshape(n, 20, axes)
    return np.concatenate([np.zeros((n, 1, axes)), chain], 1)
