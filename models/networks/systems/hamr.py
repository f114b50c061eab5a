"""Zhang et al.: End-to-end Hand Mesh Recovery from a Monocular RGB Image (HAMR, ICCV 2019).

A two-stack hourglass gives 64 maps, 21 of them joint heatmaps; an iterative regressor turns them into camera,
pose and shape; the parametric hand turns those into the mesh. Symbols as in the paper: Theta = (camera, pose,
shape), phi the image feature, the camera (s, tx, ty) of eq. 5.

The paper's pose has six principal components of MANO's scans. The open hand has no scans, so its six are
anatomical synergies: each finger's flexion, its joints bending together, and splay. They serve MANO as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.hand.hand_data import N_BETAS, HandData
from models.hand.hand_model import HandModel
from models.hand.joint_limits import N_FINGER_JOINTS, anatomical_frames
from models.networks.declaration import Network, NetworkSize, Schedule, freihand_steps
from models.networks.encoders.hourglass import StackedHourglass
from models.networks.network import HandScores, NetworkOutput, check_crops, root_relative
from models.types import N_JOINTS

_CAMERA = 3  # s, tx, ty
_MEAN_CAMERA = (3.3, 0.15, 0.2)  # a crop 0.3 m wide, the wrist below its middle
_FLEXION = np.array([[0.5, 0.8, 1.0]] + 4 * [[1.0, 1.1, 0.7]])  # thumb, fingers: how joints share a bend
_SPLAY = np.array([0.0, 1.0, 0.1, -0.7, -1.4])  # thumb .. little finger, at the knuckle


@dataclass(frozen=True)
class HamrConfig:
    """Sizes of HAMR."""

    input_size: int = 256  # side of the crop, pixels; a multiple of 64
    full_pose: bool = False  # 45 pose values instead of the paper's 6 components
    channels: int = 256  # inside the hourglasses
    maps: int = 64  # answered by each stack, the joints' heatmaps first
    fc: int = 2048  # neurons of the regressor's two layers
    iterations: int = 3  # rounds of regression
    dropout: float = 0.4

    def __post_init__(self) -> None:
        if self.input_size % 64 or self.input_size < 64:
            raise ValueError(f"input_size: expected a multiple of 64, got {self.input_size}")


def synergies(hand: HandData) -> Tensor:
    """(6, 45) axis-angle of the 15 finger joints per unit of each component, radians."""
    frames = anatomical_frames(hand)  # (15, 3, 3), columns flexion, abduction, twist
    basis = np.zeros((6, N_FINGER_JOINTS, 3))
    for finger in range(5):
        for i in range(3):
            joint = 3 * finger + i
            basis[finger, joint] = _FLEXION[finger, i] * frames[joint, :, 0]
        basis[5, 3 * finger] = 0.3 * _SPLAY[finger] * frames[3 * finger, :, 1]
    return torch.from_numpy(basis.reshape(6, -1)).float()


class IterativeRegressor(nn.Module):
    """Maps -> Theta: six stride-2 convolutions to phi, then the same two layers over and over (Figure 3)."""

    start: Tensor

    def __init__(self, c_in: int, config: HamrConfig, start: Tensor) -> None:
        super().__init__()
        self.iterations = config.iterations
        layers: list[nn.Module] = []
        c = c_in
        for width in (128, 128, 256, 256, 512, 1024):  # no batch norm: the last map is one pixel
            conv = nn.Conv2d(c, width, 3, 2, 1)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            layers += [conv, nn.ReLU()]
            c = width
        self.encoder = nn.Sequential(*layers)
        self.channels = c
        n = len(start)
        self.layers = nn.Sequential(
            nn.Linear(c + n, config.fc),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.fc, config.fc),
            nn.ReLU(),
            nn.Dropout(config.dropout),
        )
        self.last = nn.Linear(config.fc, n)
        nn.init.normal_(self.last.weight, std=1e-3)  # the first estimate stays near the mean hand
        nn.init.zeros_(self.last.bias)
        self.register_buffer("start", start, persistent=False)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, 64, 64) -> Theta (B, n), phi (B, 1024)."""
        phi = self.encoder(maps).flatten(1)
        Theta = self.start.expand(len(phi), -1)
        for _ in range(self.iterations):
            Theta = Theta + self.last(self.layers(torch.cat([phi, Theta], 1)))
        return Theta, phi


class Hamr(nn.Module):
    """(B, 3, S, S) RGB, 0..1, S = 256 -> NetworkOutput with heatmaps, pose, betas and camera.

    22 outputs as in the paper (3 camera, 3 global rotation, 6 pose, 10 shape), or 61 with the full pose.
    """

    basis: Tensor

    def __init__(self, config: HamrConfig, hand: HandData) -> None:
        super().__init__()
        self.input_size = config.input_size
        basis = torch.eye(3 * N_FINGER_JOINTS) if config.full_pose else synergies(hand)
        self.register_buffer("basis", basis, persistent=False)
        self.sizes = (_CAMERA, 3, len(basis), N_BETAS)
        start = torch.zeros(sum(self.sizes))
        start[:_CAMERA] = torch.tensor(_MEAN_CAMERA)
        self.hourglass = StackedHourglass(config.maps, config.channels, stacks=2)
        self.regressor = IterativeRegressor(2 * config.maps, config, start)
        self.scores = HandScores(self.regressor.channels)
        self.hand = HandModel(hand)

    def forward(self, crops: Tensor) -> NetworkOutput:
        check_crops(crops, self.input_size)
        early, late = self.hourglass(crops)
        Theta, phi = self.regressor(torch.cat([early, late], 1))
        camera, turn, components, betas = Theta.split(self.sizes, 1)
        pose = torch.cat([turn, components @ self.basis], 1).unflatten(1, (-1, 3))
        posed = self.hand(pose, betas, torch.zeros_like(turn))
        vertices, joints = root_relative(posed.vertices, self.hand.regressor_21)
        presence, handedness = self.scores(phi)
        return NetworkOutput(
            joints_2d=camera[:, None, :1] * (joints[..., :2] + camera[:, None, 1:]),
            vertices_m=vertices,
            joints_m=joints,
            presence_logit=presence,
            handedness_logit=handedness,
            heatmaps=late[:, :N_JOINTS],
            early_heatmaps=early[:, :N_JOINTS],
            pose=pose,
            betas=betas,
            camera=camera,
        )


_SETTINGS = {
    "optimiser": "rmsprop",
    "learning_rate": 2e-4,
    "decay": "plateau",
    "batch": 32,
    "steps": freihand_steps(30, 32),
    "validate_every": 1000,
}
_SCHEDULES = (Schedule("hamr", "hamr", _SETTINGS),)


def _network(name: str, config: HamrConfig, size: NetworkSize) -> Network:
    return Network(name, Hamr, config, size, _SCHEDULES, encoders=("hourglass",))


NETWORKS = (
    _network("hamr", HamrConfig(), NetworkSize(256, 12144.9, 29.31)),
    _network("hamr-full", HamrConfig(full_pose=True), NetworkSize(256, 12145.4, 29.47)),
)
