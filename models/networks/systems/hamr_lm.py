"""HAMR's iterative regression (Zhang et al., ICCV 2019) on MediaPipe's landmark network.

Camera, pose and shape of the hand model, Theta, are regressed round by round by the same two layers, which
are fed the current estimate (Figure 3). phi comes from the encoder's map at 14, by the last of the paper's
stride-2 convolutions. The hand model is our own articulated one, with the full pose: a rotation of each bone.

Beyond the paper, so that a few thousand steps on a CPU teach it: Theta starts from the rough hand that the
joints give (`models.networks.landmark_system`), and each round sees where the estimate's joints fall in the
picture: how far from the joints that were seen, and what the maps show there. It is taught with the paper's
geometry terms: a finger lies in a plane and bends one way (eq. 6-7).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.hand.hand_data import N_BETAS, N_BONES, HandData
from models.networks.declaration import MapTeaching, Network, NetworkSize
from models.networks.landmark_system import (
    CHANNELS,
    POOLED,
    LandmarkMaps,
    LandmarkSystem,
    Stage,
    Stages,
    pose_pooling,
)
from models.networks.mesh_stage import Pose, pose_of, project_uv, theta_of
from models.networks.network import UNIT_M

_SLOPE = 0.1
_CAMERA, _THETA = 3, 6 * N_BONES + N_BETAS
_STEP = 0.3  # of Theta, for an answer of one
_MAGNIFIED = 10.0  # what is missing in the picture, beside the rest
_NEAR_M, _FAR_M = 0.08, 3.0


@dataclass(frozen=True)
class HamrLmConfig:
    """Sizes of the regressor."""

    rounds: int = 3
    width: int = 512  # neurons of each of its two layers
    phi: int = 192  # features of the hand as a whole
    token: int = 16  # features kept of a joint
    beside_px: float = 2.0  # of the map at 56: how far beside a joint is looked, too
    step: float = 0.75  # how much of the change is taken when not training


class HamrLm(LandmarkSystem):
    """(B, 3, 224, 224) RGB, 0..1, and the crops' focal lengths -> NetworkOutput with the rough mesh."""

    def __init__(self, config: HamrLmConfig, hand: HandData) -> None:
        super().__init__(hand)
        self.config = config
        self.maps = nn.ModuleList([nn.Conv2d(CHANNELS[2], 48, 3, 2, 1), nn.Conv2d(48, 64, 3, 2, 1)])
        self.whole = nn.Linear(64 * 4 * 4, config.phi)
        self.token = nn.Linear(POOLED, config.token)
        self.joint = nn.Parameter(0.1 * torch.randn(21, config.token))
        self.a = nn.Linear(config.phi + 21 * (config.token + 2 + 2) + _THETA + _CAMERA, config.width)
        self.b = nn.Linear(config.width, config.width)
        self.last = nn.Linear(config.width, _THETA + _CAMERA)
        nn.init.normal_(self.last.weight, std=1e-3)  # untaught, it answers the rough hand
        nn.init.zeros_(self.last.bias)

    def decode(
        self,
        maps: LandmarkMaps,
        joints_2d: Tensor,
        joints_m: Tensor,
        focal: Tensor,
        pose: Pose | None = None,
        vertices: Tensor | None = None,
    ) -> Stages:
        """As `LandmarkSystem.decode`; `posed` is the hand after the first round."""
        pose = self.start(joints_2d, joints_m, focal) if pose is None else pose
        rough = self.posed(pose, joints_2d, focal, vertices)
        phi = maps.f14
        for conv in self.maps:
            phi = F.leaky_relu(conv(phi), _SLOPE)
        phi = F.leaky_relu(self.whole(phi.flatten(1)), _SLOPE)
        start = torch.cat([theta_of(pose), camera_of(rough.root, focal)], 1)
        Theta, J, first = start, rough.joints, start
        for k in range(self.config.rounds):
            Theta = self._moved(
                Theta, _STEP * self.last(self._regress(phi, maps, Theta, J, joints_2d, focal))
            )
            _, J = self.mesh_stage.mesh(pose_of(Theta[:, :_THETA]), self.joint_fit.one)
            first = Theta if k == 0 else first
        if not self.training:
            Theta = start + self.config.step * (Theta - start)
        return Stages(rough, self._stage(first, focal, vertices), self._stage(Theta, focal, vertices), None)

    def _regress(
        self, phi: Tensor, maps: LandmarkMaps, Theta: Tensor, J: Tensor, joints_2d: Tensor, focal: Tensor
    ) -> Tensor:
        """What the two layers make of the picture and the current estimate."""
        uv = project_uv(J + root_of(Theta[:, _THETA:], focal)[:, None], focal)
        with torch.no_grad():  # a look-up learns from where it looks, not to look elsewhere
            seen = pose_pooling(maps, uv.clamp(-0.5, 1.5), self.config.beside_px)
        token = F.leaky_relu(self.token(seen) + self.joint, _SLOPE)
        off = _MAGNIFIED * (joints_2d - uv).clamp(-0.3, 0.3)
        places = torch.cat([token, off, (joints_2d - 0.5) * 2], -1)
        h = F.leaky_relu(self.a(torch.cat([phi, places.flatten(1), Theta], 1)), _SLOPE)
        return h + F.leaky_relu(self.b(h), _SLOPE)

    def _moved(self, Theta: Tensor, step: Tensor) -> Tensor:
        moved = Theta + step
        betas = self.mesh_stage.sized(moved[:, 6 * N_BONES : _THETA])
        return torch.cat([moved[:, : 6 * N_BONES], betas, moved[:, _THETA:]], 1)

    def _stage(self, Theta: Tensor, focal: Tensor, vertices: Tensor | None) -> Stage:
        V, J = self.mesh_stage.mesh(pose_of(Theta[:, :_THETA]), vertices)
        return Stage(V, J, root_of(Theta[:, _THETA:], focal))


def camera_of(root: Tensor, focal: Tensor) -> Tensor:
    """The wrist in the crop camera's frame (B, 3), metres -> the paper's camera, where the scale is the
    logarithm of the crop's parts that UNIT_M fills, and the shift is the wrist's place in the crop."""
    z = root[:, 2:].clamp_min(_NEAR_M)
    return torch.cat([(focal[:, None] * UNIT_M / z).log(), root[:, :2] / z * focal[:, None]], 1)


def root_of(camera: Tensor, focal: Tensor) -> Tensor:
    """The inverse of camera_of."""
    z = (focal[:, None] * UNIT_M * (-camera[:, :1]).exp()).clamp(_NEAR_M, _FAR_M)
    return torch.cat([camera[:, 1:] * z / focal[:, None], z], 1)


NETWORKS = (
    Network(
        "hamr_lm",
        HamrLm,
        HamrLmConfig(),
        NetworkSize(224, 292.3, 3.96),
        schedules=(),  # its decoder learns from cached maps
        encoders=(),
        encoder_of="mobrecon_lm",
        on_maps=MapTeaching(
            learns=("maps", "whole", "token", "joint", "a", "b", "last"), level=2, weights={"geometry": 0.05}
        ),
    ),
)
