"""What the program has to know of a network: its name, how it is built, its size, how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.networks.network import NetworkOutput

Objective = Callable[[Any, NetworkOutput, Any, Any], dict[str, Tensor]]
"""(objectives, output, labels, label weights) -> weighted loss terms by name. The arguments are those of the
methods of `models.training.objectives.Objectives`, the first of which is that class's instance."""

_FREIHAND = 130_240  # pictures of the papers' training set, whose epochs set a run's length


def freihand_steps(epochs: int, batch: int) -> int:
    """The steps of so many epochs of FreiHAND's training set, the papers' measure of a run."""
    return epochs * _FREIHAND // batch


@dataclass(frozen=True)
class NetworkSize:
    """One network's size; tests count it again on the built network."""

    input_size: int  # side of the square crop, pixels
    mult_adds_m: float  # millions, one crop, branches that are cut at inference left out
    parameters_m: float  # millions, those branches included


@dataclass(frozen=True)
class Schedule:
    """A named configuration to train a network by: plain data, made a TrainConfig by the training."""

    name: str
    # what is minimised: a method of `models.training.objectives.Objectives` by name, a learner of
    # `models.training` ("encoder", "landmark"), or a function
    objective: str | Objective
    # fields of `models.training.config.TrainConfig` that differ from their defaults; the length is among them
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MapTeaching:
    """How `tools.train.decoder` teaches a system of `models.networks.landmark_system` from cached maps."""

    learns: tuple[str, ...]  # names of its modules and parameters that learn; all others stay as they are
    level: int  # of the mesh pyramid, whose vertices are compared and have offsets; 0: all 778
    # weights of `models.training.maps.refine.RefineWeights` that differ from their defaults
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Network:
    """One network. A module of `models.networks.systems` lists its own in NETWORKS; nothing else names it."""

    name: str
    module: Callable[[Any, HandData], nn.Module]  # made by module(config, hand); answers NetworkOutput
    config: Any
    size: NetworkSize
    # what `train` teaches it by: the first unless another is named; none where a tool of its own does
    schedules: tuple[Schedule, ...]
    # names of its submodules that may run in bfloat16 in training: encoders, nearly all of the work, but not
    # what gives vertices, which bfloat16 knows to half a millimetre only
    encoders: tuple[str, ...]
    # fills in the weights that an untrained network starts from, where they aren't random
    start: Callable[[Any], None] | None = None
    # the network whose landmark encoder it has, unchanged; its own file then needs no encoder
    encoder_of: str | None = None
    # the network whose weights it has but for the encoder; it then has no file of its own, only a graph
    decoder_of: str | None = None
    # the network whose presence and handedness scores its encoder was taught to be asked with, too
    scores_of: str | None = None
    on_maps: MapTeaching | None = None  # how `tools.train.decoder` teaches it, where it does

    @property
    def scored_as(self) -> str:
        """The name whose scores are asked for its encoder."""
        return self.scores_of or self.encoder_of or self.name
