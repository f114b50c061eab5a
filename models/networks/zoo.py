"""Every network by name: its class, its configuration, its weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from models.hand.hand_data import HandData, load_open_hand
from models.networks.complexity import count_mult_adds, count_parameters
from models.networks.encoders.landmark_net import LandmarkNet
from models.networks.encoders.landmark_scores import LandmarkScores
from models.networks.hamr import Hamr, HamrConfig
from models.networks.m3dhmr import M3dhmr, M3dhmrConfig
from models.networks.mobrecon import LiftingConfig, MobRecon, MobReconConfig
from models.networks.mobrecon_lm import MobReconLm, MobReconLmConfig
from models.networks.sizes import NetworkSize
from models.networks.tang import Tang, TangConfig
from models.weights import find_weights, load_weights, scores_of

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


def check_name(name: str) -> None:
    """Raise ValueError unless there is a network of this name."""
    if name not in NETWORKS:
        raise ValueError(f"model: expected one of {', '.join(NETWORKS)}, got {name!r}")


def build(name: str, hand: HandData | None = None, trained: bool = True) -> nn.Module:
    """The network with its shipped weights, if any, in evaluation mode. hand: None takes the open hand.

    trained: False gives it as its training starts, whether its weights ship or not.
    """
    check_name(name)
    kind, config = NETWORKS[name]
    network = kind(config, hand or load_open_hand())
    weights = find_weights(name) if trained else None
    if weights is not None:
        load_weights(network, weights)
    elif isinstance(network, MobReconLm):  # untrained, it still has MediaPipe's landmarks
        encoder = find_weights("landmark_net")
        if encoder is not None:
            load_weights(network.encoder, encoder)
    if trained:
        attach_scores(network, name)
    return network.eval()


def attach_scores(network: nn.Module, name: str) -> None:
    """Give a network on the landmark encoder the scores that were taught for that encoder, if they ship."""
    encoder = getattr(network, "encoder", None)
    weights = find_weights(scores_of(name))
    if isinstance(encoder, LandmarkNet) and weights is not None:
        scores = LandmarkScores()
        load_weights(scores, weights)
        encoder.scores = scores.eval()


def count_size(name: str) -> NetworkSize:
    """Build the network and count: what models.networks.sizes holds."""
    network = build(name)
    side = int(network.input_size)  # type: ignore[arg-type]
    mult_adds = count_mult_adds(network, torch.zeros(1, 3, side, side))
    return NetworkSize(side, mult_adds / 1e6, count_parameters(network) / 1e6)
