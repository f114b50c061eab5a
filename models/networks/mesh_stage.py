"""Joints -> mesh: the mesh stage of Tang et al. (ICCV 2021), on joints alone.

Tang's second stage turns what the joint stage saw into a rough mesh. Here it reads nothing but the 21 joints
that an encoder found, in the picture and in space, and answers the pose and shape of the hand model: what it
learns of hands, above all of their depth, holds for any source of joints, and needs no pictures to learn it.

The joints are put on their camera rays and turned into the palm's own frame, where a hand looks the same
whichever way it is held. A hand's size can't be seen in one picture: the palm keeps the mean hand's length.

    J (B, 21, 3)  ->  Theta = (R (B, 16, 3, 3), beta (B, 10))  ->  M_r (B, 778, 3)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.hand.hand_data import N_BETAS, N_BONES, HandData
from models.networks.layers.skinning import HandSkinning, orthogonal, rotations_from_6d
from models.networks.network import UNIT_M

_NEAR_M, _FAR_M = 0.08, 3.0  # between them a hand's distance is sought
KNUCKLES = [5, 9, 13, 17]
_SLOPE = 0.1  # of the leaky ReLU
_TYPICAL_LOG_FOCAL = 0.9


@dataclass(frozen=True)
class MeshStageConfig:
    """Sizes of the mesh stage."""

    width: int = 512  # neurons of each of its three layers
    rank: int | None = None  # of these layers: two thin matrices each in place of a broad one


class Pose(NamedTuple):
    """Theta: parameters of the hand model."""

    R: Tensor  # (B, 16, 3, 3) of each bone in its parent's frame, the wrist's in the crop's
    betas: Tensor  # (B, 10)


def theta_of(pose: Pose) -> Tensor:
    """(B, 106): two columns of each rotation, and the betas."""
    six = torch.cat([pose.R[..., 0], pose.R[..., 1]], -1)
    return torch.cat([six.flatten(1), pose.betas], 1)


def pose_of(theta: Tensor) -> Pose:
    """The inverse of theta_of, for any 106 numbers."""
    return Pose(
        rotations_from_6d(theta[:, : 6 * N_BONES].unflatten(1, (N_BONES, 6))), theta[:, 6 * N_BONES :]
    )


def palm_frame(joints: Tensor) -> Tensor:
    """(B, 21, 3) -> (B, 3, 3): columns towards the middle knuckle, across the palm, and out of it."""
    ahead, across = joints[:, 9] - joints[:, 0], joints[:, 5] - joints[:, 17]
    return orthogonal(torch.cat([ahead, across], 1))


def place(
    points: Tensor, uv: Tensor, focal: Tensor, near: Tensor | None = None, rounds: int | None = None
) -> Tensor:
    """The translation (B, 3) that brings points nearest to their rays; closed form, and reweighted.

    points (B, N, 3) metres; uv (B, N, 2) 0..1 of the crop; focal (B,) in crop widths. near: (B, 3) where it
    nearly is: reweighted once, from there. rounds: how often it is reweighted, if not twice; once is enough
    where joints nearly fit their rays.
    """
    xy, z = points.transpose(1, 2).split([2, 1], 1)  # numbers of one kind in a row each: few, long steps
    ray = ((uv - 0.5) / focal[:, None, None]).transpose(1, 2)

    def solve(c: Tensor, b: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """t_xy (B, 2, 1) and t_z (B, 1, 1) of least weighted |t_xy - c t_z - b|, all moments from one sum."""
        wc = w * c
        moments = torch.cat([w, wc, w * b, wc * c, wc * b], 1).sum(2, keepdim=True)
        whole, cx, cy, bx, by, cxx, cyy, cbx, cby = moments.split(1, 1)
        cx, cy, bx, by = cx / whole, cy / whole, bx / whole, by / whole
        spread = ((cxx + cyy) / whole - cx * cx - cy * cy).clamp_min(1e-9)
        tz = (cx * bx + cy * by - (cbx + cby) / whole) / spread
        return torch.cat([bx + cx * tz, by + cy * tz], 1), tz

    if rounds is None:
        rounds = 2 if near is None else 1
    if near is None:
        t_xy, t_z = solve(ray, ray * z - xy, torch.ones_like(z))
        t_z = t_z.clamp(_NEAR_M, _FAR_M)
    else:
        t_xy, t_z = near[..., None].split([2, 1], 1)
    for _ in range(rounds):  # a far point's metre is less of the picture than a near one's
        depth = (z + t_z).clamp_min(_NEAR_M / 2)
        at = (xy + t_xy) / depth
        more_xy, more_z = solve(at, (ray - at) * depth, depth**-2)
        t_xy, t_z = t_xy + more_xy, (t_z + more_z).clamp(_NEAR_M, _FAR_M)
    return torch.cat([t_xy, t_z], 1)[..., 0]


def project_uv(points: Tensor, focal: Tensor) -> Tensor:
    """(B, N, 3) in the crop camera's frame -> (B, N, 2), 0..1 of the crop. focal: (B,) in crop widths."""
    return points[..., :2] / points[..., 2:].clamp_min(0.03) * focal[:, None, None] + 0.5


class MeshStage(nn.Module):
    """Joints of B crops, and the crops' focal lengths -> Pose; `mesh` turns it into vertices and joints."""

    mean: Tensor
    palm_at_rest: Tensor
    size_direction: Tensor

    def __init__(self, config: MeshStageConfig, hand: HandData) -> None:
        super().__init__()
        self.skinning = HandSkinning(hand)
        w, n_theta = config.width, 6 * N_BONES + N_BETAS
        self.a = ranked(21 * 3 + 21 * 2 + 21 * 3 + 6 + 2, w, config.rank)
        self.b, self.c = ranked(w, w, config.rank), ranked(w, w, config.rank)
        self.out = nn.Linear(w, n_theta)
        nn.init.normal_(self.out.weight, std=3e-3)  # the first guess stays near the hand at rest
        nn.init.zeros_(self.out.bias)
        rest = torch.cat([torch.tensor([1.0, 0, 0, 0, 1, 0]).repeat(N_BONES), torch.zeros(N_BETAS)])
        joints = torch.from_numpy(hand.regressor_21 @ hand.template_m)
        self.register_buffer("mean", rest, persistent=False)
        self.register_buffer("palm_at_rest", palm_frame(joints[None])[0], persistent=False)
        self.register_buffer(
            "size_direction", torch.tensor(size_direction(hand), dtype=torch.float32), persistent=False
        )

    def forward(self, joints_2d: Tensor, joints_m: Tensor, focal: Tensor) -> Pose:
        """joints_2d (B, 21, 2) 0..1 of the crop; joints_m (B, 21, 3), any origin; focal (B,) crop widths."""
        theta, turned = self.theta(joints_2d, joints_m, focal)
        R = rotations_from_6d(theta[:, : 6 * N_BONES].unflatten(1, (N_BONES, 6)))
        R = torch.cat([(turned @ R[:, 0])[:, None], R[:, 1:]], 1)
        return Pose(R, self.sized(theta[:, 6 * N_BONES :]))

    def theta(self, joints_2d: Tensor, joints_m: Tensor, focal: Tensor) -> tuple[Tensor, Tensor]:
        """The raw answer (B, 106), and the palm's turn from rest (B, 3, 3) that its first bone adds to."""
        J = joints_m - joints_m[:, :1]
        ray = (joints_2d - 0.5) / focal[:, None, None]
        t = place(J, joints_2d, focal, rounds=1)
        z = (J[..., 2:] + t[:, None, 2:]).clamp_min(_NEAR_M / 2)
        X = torch.cat([ray * z, z], -1)  # the picture for x and y, the guess in space for z
        X = X - X[:, :1]
        size = X[:, KNUCKLES].norm(dim=-1).mean(1, keepdim=True).clamp_min(0.02)
        palm = palm_frame(X)
        turned = (torch.cat([X, J], 1)[..., None] * palm[:, None]).sum(2).flatten(1) / size
        x = torch.cat(
            [
                turned[:, : 21 * 3],
                ((joints_2d - 0.5) * 2).flatten(1),
                turned[:, 21 * 3 :],
                palm[..., :2].flatten(1),
                focal[:, None].log() - _TYPICAL_LOG_FOCAL,
                (size - 0.9 * UNIT_M) / UNIT_M,
            ],
            1,
        )
        h = F.leaky_relu(self.a(x), _SLOPE)
        h = h + F.leaky_relu(self.b(h), _SLOPE)
        h = h + F.leaky_relu(self.c(h), _SLOPE)
        return self.mean + self.out(h), palm @ self.palm_at_rest.T

    def sized(self, betas: Tensor) -> Tensor:
        """Betas of the mean hand's palm length: the part that would change it taken out."""
        return betas - (betas * self.size_direction).sum(1, keepdim=True) * self.size_direction

    def mesh(self, pose: Pose, vertices: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """M_r: (B, V, 3) and joints (B, 21, 3), root-relative, metres."""
        return self.skinning(pose.R, pose.betas, vertices)


def ranked(n_in: int, n_out: int, rank: int | None) -> nn.Module:
    """A layer, of a rank if one is given. One crop's time is that of reading the weights."""
    if rank is None:
        return nn.Linear(n_in, n_out)
    return nn.Sequential(nn.Linear(n_in, rank, bias=False), nn.Linear(rank, n_out))


def size_direction(hand: HandData) -> np.ndarray:
    """(10,) unit: the change of betas by which the palm, wrist to middle knuckle, grows fastest."""
    joints = hand.regressor_21.astype(np.float64) @ np.concatenate([hand.template_m[None], hand.shape_dirs])
    palm = joints[:, 9] - joints[:, 0]
    grows = palm[1:] @ palm[0]
    return np.asarray(grows / np.linalg.norm(grows))
