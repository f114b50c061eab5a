"""Every network by name: its class, its configuration, its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from models.complexity import count_mult_adds, count_parameters
from models.hamr import Hamr, HamrConfig
from models.hand_data import HandData, load_open_hand
from models.m3dhmr import M3dhmr, M3dhmrConfig
from models.mobrecon import LiftingConfig, MobRecon, MobReconConfig
from models.mobrecon_lm import MobReconLm, MobReconLmConfig
from models.tang import Tang, TangConfig
from models.weights import Asset, find_weights, load_weights

NETWORKS: dict[str, tuple[Any, Any]] = {  # name: (class, configuration); made by class(configuration, hand)
    "mobrecon-ghost": (MobRecon, MobReconConfig(LiftingConfig("ghoststack"))),
    "mobrecon-dense": (MobRecon, MobReconConfig(LiftingConfig("densestack"))),
    "mobrecon-18": (MobRecon, MobReconConfig(LiftingConfig("resnet18"))),
    "mobrecon-34": (MobRecon, MobReconConfig(LiftingConfig("resnet34"))),
    "mobrecon-50": (MobRecon, MobReconConfig(LiftingConfig("resnet50"))),
    "m3dhmr-18": (M3dhmr, M3dhmrConfig(LiftingConfig("resnet18"))),
    "m3dhmr-34": (M3dhmr, M3dhmrConfig(LiftingConfig("resnet34"))),
    "mobrecon_lm": (MobReconLm, MobReconLmConfig()),
    "tang-18": (Tang, TangConfig(depth=18, width=128)),
    "tang-50": (Tang, TangConfig()),
    "hamr": (Hamr, HamrConfig()),
    "hamr-full": (Hamr, HamrConfig(full_pose=True)),
}


@dataclass(frozen=True)
class ZooRow:
    """What `main.py models` says of a network."""

    name: str
    input_size: int  # side of the square crop, pixels
    mult_adds_m: float  # millions, one crop, branches that are cut at inference left out
    parameters_m: float  # millions, those branches included
    weights: Asset | None  # None: not trained yet; build() gives random numbers

    def as_json(self) -> dict[str, Any]:
        """The row of `models --json`, but for latency_ms (models.runtime.measure)."""
        return {
            "name": self.name,
            "input": [self.input_size, self.input_size],
            "mult_adds_m": round(self.mult_adds_m, 1),
            "parameters_m": round(self.parameters_m, 2),
            "weights": self.weights is not None,
            "licence": self.weights.licence if self.weights else "Apache-2.0",  # without weights: the code's
        }


def check_name(name: str) -> None:
    """Raise ValueError unless there is a network of this name."""
    if name not in NETWORKS:
        raise ValueError(f"model: expected one of {', '.join(NETWORKS)}, got {name!r}")


def build(name: str, hand: HandData | None = None) -> nn.Module:
    """The network with its shipped weights, if any, in evaluation mode. hand: None takes the open hand."""
    check_name(name)
    kind, config = NETWORKS[name]
    network = kind(config, hand or load_open_hand())
    weights = find_weights(name)
    if weights is not None:
        load_weights(network, weights)
    elif isinstance(network, MobReconLm):  # untrained, it still has MediaPipe's landmarks
        encoder = find_weights("landmark_net")
        if encoder is not None:
            load_weights(network.encoder, encoder)
    return network.eval()


def row(name: str) -> ZooRow:
    """Build the network and measure it."""
    network = build(name)
    size = int(network.input_size)  # type: ignore[arg-type]
    mult_adds = count_mult_adds(network, torch.zeros(1, 3, size, size))
    return ZooRow(name, size, mult_adds / 1e6, count_parameters(network) / 1e6, find_weights(name))


def table() -> list[ZooRow]:
    """One row per network; a few seconds, since each is built."""
    return [row(name) for name in NETWORKS]
