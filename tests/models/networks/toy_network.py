"""A network in one file, as somebody would add one: the test copies it beside the others as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.networks.declaration import Network, NetworkSize, Schedule
from models.networks.network import HandScores, NetworkOutput, RootRelative, check_crops


@dataclass(frozen=True)
class ToyConfig:
    """Sizes of the toy."""

    input_size: int = 64
    channels: int = 8


class Toy(nn.Module):
    """(B, 3, 64, 64) RGB, 0..1 -> NetworkOutput: one convolution, and linear maps of its mean."""

    def __init__(self, config: ToyConfig, hand: HandData) -> None:
        super().__init__()
        self.input_size = config.input_size
        self.encoder = nn.Conv2d(3, config.channels, 8, stride=8)
        self.joints_2d = nn.Linear(config.channels, 42)
        self.mesh = nn.Linear(config.channels, 778 * 3)
        self.scores = HandScores(config.channels)
        self.root_relative = RootRelative(hand)

    def forward(self, crops: Tensor) -> NetworkOutput:
        check_crops(crops, self.input_size)
        f = torch.tanh(self.encoder(crops)).mean((2, 3))
        vertices, joints = self.root_relative(self.mesh(f).unflatten(1, (778, 3)))
        return NetworkOutput(self.joints_2d(f).unflatten(1, (21, 2)), vertices, joints, *self.scores(f))


def toy_objective(objectives: Any, output: NetworkOutput, labels: Any, weights: Any) -> dict[str, Tensor]:
    """A loss of its own."""
    return {"toy": (output.joints_m - labels.joints_m).abs().mean()}


NETWORKS = (
    Network(
        "toy",
        Toy,
        ToyConfig(),
        NetworkSize(64, 0.1, 0.02),
        (Schedule("toy", toy_objective, {"steps": 1, "batch": 2, "log_every": 1}),),
        encoders=("encoder",),
    ),
)
