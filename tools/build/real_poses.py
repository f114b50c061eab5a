"""Fit measured hand poses without pictures to the hand model, and keep their joint angles.

    python -m tools.build.real_poses --poses DIR --out assets/hand/real_poses.npz

DIR holds `leap.npz` (recordings of a Leap Motion controller: knuckles, joints and tips) and `animbank.npz`
(a hand of rigid bones: the middles of the phalanges). Angles stay within the joint limits; poses that fit
badly or whose bones run through each other are left out, and of frames that are alike one is kept.
The file has `angles` (N, 15, 3), radians, and `group` (N,): one number a recording.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.hand.hand_data import HandData, load_open_hand
from models.hand.joint_limits import LIMITS_DEG, anatomical_frames
from models.networks.layers.skinning import HandSkinning, rotations_from_6d
from models.training.synthetic.poses import PoseSource
from models.types import Float64
from tools.command import command

STEPS, RATE = 220, 0.07
EVERY = 3  # of the Leap Motion's frames, 110 a second: neighbours are alike
HUBER_M, SHAPE, SIZE, REST = 0.005, 0.7, 0.12, 0.02  # robust from; deviations of betas and log size; a pull
WORST_M = 0.008  # mean distance of a pose's points from which it is not believed
ALIKE_RAD = 0.03  # root mean square difference of angles within a recording


@dataclass(frozen=True)
class Measured:
    """Poses of one kind: points on the hand, metres, any frame; right hands."""

    points_m: Float64  # (N, P, 3)
    reads: Float64  # (P, 21) the points from the hand's 21 joints
    group: NDArray[np.intp]  # (N,) recording


def leap(path: Path) -> Measured:
    """Raises ValueError where the file is of another kind."""
    with np.load(path, allow_pickle=False) as file:
        joints = file["joints_m"].astype(np.float64)
        left, group = file["side"] == "left", file["recording"].astype(np.intp)
    if joints.shape[1:] != (5, 4, 3):
        raise ValueError(f"{path}: expected joints (N, 5, 4, 3), got {joints.shape}")
    points = joints.reshape(-1, 20, 3)
    points[left] *= [-1, 1, 1]
    known = np.flatnonzero(np.isfinite(points).all((1, 2)))[::EVERY]
    return Measured(points[known], np.eye(21)[1:], group[known])


def animbank(path: Path) -> Measured:
    """Raises ValueError where the file is of another kind."""
    with np.load(path, allow_pickle=False) as file:
        bones = file["position_m"].astype(np.float64)
    if bones.shape[1:] != (17, 3):
        raise ValueError(f"{path}: expected bones (N, 17, 3), got {bones.shape}")
    middles = 0.5 * (np.eye(21)[:-1] + np.eye(21)[1:])
    reads = middles[[k for first in (1, 5, 9, 13, 17) for k in range(first, first + 3)]]
    palm = np.zeros((1, 21))
    palm[0, [0, 5, 9, 13, 17]] = 0.4, 0.15, 0.15, 0.15, 0.15
    points = bones[:, 1:]
    known = np.isfinite(points).all((1, 2))
    return Measured(points[known], np.concatenate([palm, reads]), np.zeros(int(known.sum()), np.intp))


def fit(measured: Measured, hand: HandData) -> tuple[Float64, Float64]:
    """Angles (N, 15, 3), radians, and each pose's mean distance of its points, metres."""
    P = torch.tensor(measured.points_m, dtype=torch.float32)
    P = P - P.mean(1, keepdim=True)
    reads = torch.tensor(measured.reads, dtype=torch.float32)
    frames = torch.tensor(anatomical_frames(hand), dtype=torch.float32)
    low, high = (torch.tensor(np.radians(LIMITS_DEG[..., k]), dtype=torch.float32) for k in (0, 1))
    skinning, n = HandSkinning(hand), len(P)
    one = torch.zeros(1, dtype=torch.long)
    free = torch.zeros(n, 15, 3)
    with torch.no_grad():  # start from the slightly bent hand, turned to the points by its palm
        _, rest = skinning(torch.eye(3).expand(1, 16, 3, 3), torch.zeros(1, 10), one)
        start = _aligned(reads @ rest[0], P)
    turn = torch.cat([start[..., 0], start[..., 1]], -1)
    betas, size = torch.zeros(n, 10), torch.zeros(n, 1)
    unknown = [x.requires_grad_() for x in (free, turn, betas, size)]
    optimiser = torch.optim.Adam(unknown, lr=RATE)
    off = torch.zeros(n)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = RATE * (1 - 0.95 * step / STEPS)
        angles = low + (high - low) * torch.sigmoid(free)
        R = torch.cat([rotations_from_6d(turn)[:, None], _rotations(angles, frames)], 1)
        _, joints = skinning(R, betas, one)
        points = (reads @ joints) * size.exp()[..., None]
        gap = points - points.mean(1, keepdim=True) - P
        distance = (gap.square().sum(-1) + 1e-10).sqrt()
        huber = torch.where(
            distance < HUBER_M, distance.square() / (2 * HUBER_M), distance - HUBER_M / 2
        ).mean(1)
        pull = REST * HUBER_M * angles.square().mean((1, 2))
        shape = 0.02 * HUBER_M * ((betas / SHAPE).square().mean(1) + (size[:, 0] / SIZE).square())
        optimiser.zero_grad()
        (huber + pull + shape).sum().backward()
        optimiser.step()
        off = distance.detach().mean(1)
    return angles.detach().double().numpy(), off.double().numpy()


def kept(angles: Float64, off: Float64, group: NDArray[np.intp], poses: PoseSource) -> NDArray[np.intp]:
    """Rows that fit, are possible, and differ from those of their recording that are kept already."""
    rows: list[int] = []
    possible = (off < WORST_M) & ~poses.intersects(angles)
    for number in np.unique(group):
        mine: list[int] = []
        for row in np.flatnonzero(possible & (group == number)):
            if mine:
                apart = np.sqrt(np.square(angles[mine] - angles[row]).mean((1, 2))).min()
                if apart < ALIKE_RAD:
                    continue
            mine.append(int(row))
        rows += mine
    return np.array(rows, np.intp)


def _rotations(angles: Tensor, frames: Tensor) -> Tensor:
    """As `models.hand.joint_limits.angles_to_rotations`, with gradients."""
    c, s = angles.cos(), angles.sin()
    o, i = torch.zeros_like(c[..., 0]), torch.ones_like(c[..., 0])

    def matrix(*rows: Tensor) -> Tensor:
        return torch.stack(rows, -1).unflatten(-1, (3, 3))

    x = matrix(i, o, o, o, c[..., 0], -s[..., 0], o, s[..., 0], c[..., 0])
    y = matrix(c[..., 1], o, s[..., 1], o, i, o, -s[..., 1], o, c[..., 1])
    z = matrix(c[..., 2], -s[..., 2], o, s[..., 2], c[..., 2], o, o, o, i)
    return frames @ x @ y @ z @ frames.transpose(1, 2)


def _aligned(source: Tensor, target: Tensor) -> Tensor:
    """(N, 3, 3) rotations that best take points (P, 3) to (N, P, 3), both about their means."""
    source = source - source.mean(0)
    U, _, Vt = torch.linalg.svd(target.transpose(1, 2) @ source)
    sign = torch.ones(len(target), 3)
    sign[:, 2] = torch.det(U @ Vt)
    return U @ (sign[:, :, None] * Vt)


@command
def main() -> None:
    parser = argparse.ArgumentParser(description="angles of measured hand poses")
    parser.add_argument("--poses", type=Path, required=True, metavar="DIR", help="leap.npz, animbank.npz")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    options = parser.parse_args()
    hand = load_open_hand()
    poses = PoseSource(hand)
    angles, groups, first = [], [], 0
    for name, read in (("leap", leap), ("animbank", animbank)):
        measured = read(options.poses / f"{name}.npz")
        found, off = fit(measured, hand)
        rows = kept(found, off, measured.group, poses)
        print(
            f"{name}: {len(off)} poses, {1e3 * np.median(off):.1f} mm off in the median, "
            f"{(off < WORST_M).mean():.0%} within {1e3 * WORST_M:.0f} mm, "
            f"{poses.intersects(found).mean():.0%} run through themselves, {len(rows)} kept",
            flush=True,
        )
        angles.append(found[rows])
        groups.append(measured.group[rows] + first)
        first = int(groups[-1].max()) + 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        options.out,
        angles=np.concatenate(angles).astype(np.float16),
        group=np.concatenate(groups).astype(np.int16),
    )


if __name__ == "__main__":
    raise SystemExit(main())
