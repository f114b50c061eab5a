"""Every network by name. A module put into `models.networks.systems` adds its own: no list to add them to."""

from __future__ import annotations

import importlib
import pkgutil

import torch
from torch import Tensor, nn

from models.hand.hand_data import HandData, load_open_hand
from models.manifest import Asset
from models.networks import systems
from models.networks.complexity import count_mult_adds, count_parameters
from models.networks.declaration import Network, NetworkSize
from models.networks.encoders.landmark_net import LandmarkNet
from models.networks.encoders.landmark_scores import LandmarkScores
from models.networks.network import JointsOutput, SeesJoints
from models.weights import find_weights, load_weights, scores_of


def networks() -> dict[str, Network]:
    """Every network, by module, then as the module lists them. AttributeError for one without NETWORKS."""
    modules = sorted(module.name for module in pkgutil.iter_modules(systems.__path__))
    listed = [importlib.import_module(f"{systems.__name__}.{name}").NETWORKS for name in modules]
    return {network.name: network for several in listed for network in several}


def declared(name: str) -> Network:
    """The network of this name. Raises ValueError in one line where there is none."""
    known = networks()
    if name not in known:
        raise ValueError(f"model: expected one of {', '.join(known)}, got {name!r}")
    return known[name]


def build(name: str, hand: HandData | None = None, trained: bool = True) -> nn.Module:
    """The network with its shipped weights, if any, in evaluation mode. hand: None takes the open hand.

    trained: False gives it as its training starts, whether its weights ship or not. Raises ValueError for an
    unknown name.
    """
    network = declared(name)
    made = network.module(network.config, hand or load_open_hand())
    weights = own_weights(name) if trained else None
    if weights is not None:
        load_weights(made, weights, encoder_weights(name))
    elif network.start is not None:
        network.start(made)
    if trained:
        attach_scores(made, name)
    return made.eval()


def own_weights(name: str) -> Asset | None:
    """The shipped weights of a network: its own file, or the one that it shares."""
    return find_weights(declared(name).decoder_of or name)


def encoder_weights(name: str) -> Asset | None:
    """The shipped weights that hold the landmark encoder of a network whose own file needs none."""
    encoder = declared(name).encoder_of
    return find_weights(encoder) if encoder else None


def attach_scores(network: nn.Module, name: str) -> None:
    """Give a network on the landmark encoder the scores that were taught for that encoder, if they ship."""
    encoder = getattr(network, "encoder", None)
    weights = find_weights(scores_of(declared(name).scored_as))
    if isinstance(encoder, LandmarkNet) and weights is not None:
        scores = LandmarkScores()
        load_weights(scores, weights)
        encoder.scores = scores.eval()


def count_size(name: str) -> NetworkSize:
    """Build the network and count: what its declaration should say."""
    network = build(name)
    side = int(network.input_size)  # type: ignore[arg-type]
    asked = _JointsOnly(network) if isinstance(network, SeesJoints) else network
    mult_adds = count_mult_adds(asked, torch.zeros(1, 3, side, side))
    return NetworkSize(side, mult_adds / 1e6, count_parameters(network) / 1e6)


class _JointsOnly(nn.Module):
    """A network as the app asks it."""

    def __init__(self, network: SeesJoints) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> JointsOutput:
        return self.network.joints_only(crops)
