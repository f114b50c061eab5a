"""The hand model brought to 21 joints by a small network: a fit that is learnt, for use inside a network.

The mesh stage answers the hand that is most likely for the joints that were seen, and so it disregards a part
of them: a hand that holds something is opened a little. This takes its answer and moves it, in a few rounds,
towards joints whose depth is the mesh stage's by seven tenths and the encoder's by three (as
`models.inference.mesh_stage` shares it). Each round sees what is still missing, and corrects it. What
`models.tracking.fitting` finds by least squares, it finds in one pass; it learns from poses alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.networks.encoders.landmark_net import INPUT_SIZE
from models.networks.mesh_stage import (
    KNUCKLES,
    MeshStage,
    Pose,
    palm_frame,
    place,
    pose_of,
    project_uv,
    theta_of,
)
from models.networks.network import UNIT_M

OWN_DEPTH = 0.8
"""Of the depth that an encoder sees, to be true: it is exaggerated (as `models.inference.mesh_stage`)."""
LEARNT_DEPTH = 0.7
"""How much of a joint's depth is the mesh stage's (as there)."""
_HALF_PIXEL = 0.25  # as in `models.networks.systems.mobrecon_lm`
_SLOPE, _STEP = 0.1, 0.3
_MAGNIFIED = 10.0  # what is missing, beside what is there
_N_THETA = 106
_NEAREST_M = 0.04


@dataclass(frozen=True)
class JointFitConfig:
    """Its size."""

    width: int = 512  # neurons of each of its two layers
    rounds: int = 3


class JointFit(nn.Module):
    """A pose, and joints that it should have -> a pose that nearly has them."""

    one: Tensor

    def __init__(self, config: JointFitConfig) -> None:
        super().__init__()
        self.rounds, w = config.rounds, config.width
        self.a = nn.Linear(_N_THETA + 21 * 3 + 21 * 2 + 21 * 3 + 6 + 1, w)
        self.b = nn.Linear(w, w)
        self.out = nn.Linear(w, _N_THETA)
        nn.init.normal_(self.out.weight, std=1e-3)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("one", torch.zeros(1, dtype=torch.long), persistent=False)

    def forward(self, stage: MeshStage, pose: Pose, goal: Tensor, uv: Tensor, focal: Tensor) -> Pose:
        """stage: whose hand model it is. pose: to start from. goal: (B, 21, 3) of `goal_of`.
        uv: (B, 21, 2) 0..1 of the crop. focal: (B,) crop widths."""
        palm = palm_frame(goal)
        turned = palm @ stage.palm_at_rest.T  # poses are seen, and changed, in the palm's frame
        theta = theta_of(Pose(_wrist_turned(turned.transpose(1, 2), pose.R), pose.betas))
        seen = torch.cat(
            [(goal @ palm).flatten(1) / UNIT_M, palm[..., :2].flatten(1), focal[:, None].log()], 1
        )
        for _ in range(self.rounds):
            near = pose_of(theta)
            _, J = stage.skinning(_wrist_turned(turned, near.R), near.betas, self.one)
            off = ((goal - J) @ palm).flatten(1) / UNIT_M
            off_uv = (uv - project_uv(J + place(J, uv, focal)[:, None], focal)).flatten(1)
            x = torch.cat([theta, _MAGNIFIED * off, _MAGNIFIED * off_uv, seen], 1)
            h = F.leaky_relu(self.a(x), _SLOPE)
            h = h + F.leaky_relu(self.b(h), _SLOPE)
            moved = pose_of(theta + _STEP * self.out(h))
            theta = theta_of(Pose(moved.R, stage.sized(moved.betas)))
        found = pose_of(theta)
        return Pose(_wrist_turned(turned, found.R), found.betas)


def joints_of(joints_px: Tensor, world_m: Tensor, palm_m: float) -> tuple[Tensor, Tensor]:
    """J: joints (B, 21, 2), 0..1 of the crop, and (B, 21, 3) metres, from the encoder's heads.
    x and y are the image landmarks' (B, 21, 3), crop pixels, depth the mean of theirs and of the world
    landmarks' (B, 21, 3), metres. palm_m: wrist to middle knuckle, by which pixels become metres.
    """
    J = joints_px - joints_px[:, :1]
    J = J * (palm_m / J[:, 9].norm(dim=-1).clamp_min(8.0))[:, None, None]
    z = 0.5 * (J[..., 2:] + world_m[..., 2:] - world_m[:, :1, 2:])
    return (joints_px[..., :2] + _HALF_PIXEL) / INPUT_SIZE, torch.cat([J[..., :2], z], -1)


def goal_of(rough: Tensor, joints_2d: Tensor, joints_m: Tensor, focal: Tensor) -> Tensor:
    """The joints that a hand should have: on their camera rays, LEARNT_DEPTH of their depth as the mesh stage
    has it and the rest as they were seen, of the rough hand's size.

    rough: (B, 21, 3) of the mesh stage, root-relative, metres. joints_2d: (B, 21, 2) 0..1 of the crop.
    joints_m: (B, 21, 3) as seen, any origin. focal: (B,) crop widths. Returns (B, 21, 3), root-relative.
    """
    own = joints_m - joints_m[:, :1]
    size = _size(rough)
    z = LEARNT_DEPTH * rough[..., 2:] + (1 - LEARNT_DEPTH) * OWN_DEPTH * own[..., 2:] * (size / _size(own))
    t = place(torch.cat([rough[..., :2], z], -1), joints_2d, focal)
    z = (z + t[:, None, 2:]).clamp_min(_NEAREST_M)
    X = torch.cat([(joints_2d - 0.5) / focal[:, None, None] * z, z], -1)
    X = X - X[:, :1]
    return X * (size / _size(X))


def _size(joints: Tensor) -> Tensor:
    """(B, 1, 1) mean distance of the knuckles from the wrist, metres."""
    return joints[:, KNUCKLES].norm(dim=-1).mean(1).clamp_min(0.02)[:, None, None]


def _wrist_turned(turn: Tensor, R: Tensor) -> Tensor:
    return torch.cat([(turn @ R[:, 0])[:, None], R[:, 1:]], 1)
