"""A run on disk: all that its next step depends on, written so that it is there whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from models.whole_file import whole_file


@dataclass
class Position:
    """How far a run has come. What is drawn at a step depends on the seed and the step alone."""

    step: int = 0  # steps done
    spent_s: float = 0.0  # time spent on them
    best_mm: float = float("inf")  # the best validation so far
    plateau_rate: float = 1.0  # by plateaus: what learning rates are multiplied by
    plateau_best_mm: float = float("inf")  # the best validation when last it moved
    plateau_waited: int = 0  # validations since


@dataclass
class Checkpoint:
    """A run's whole state; state dictionaries of torch."""

    network: str
    schedule: str
    position: Position
    learner: dict[str, Any] = field(default_factory=dict)
    ema: dict[str, Any] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)


_KEYS = {"ema": "averaged"}
"""What fields are called in the file, where not by their own name."""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write or replace the file at once. Raises OSError."""
    content = {_KEYS.get(name, name): value for name, value in vars(checkpoint).items()}
    content["position"] = vars(checkpoint.position)
    with whole_file(path, shared=True, durable=True) as draft:
        torch.save(content, draft)


def read_checkpoint(path: Path, network: str, schedule: str) -> Checkpoint:
    """A run to go on with. Raises ValueError in one line where the file is no checkpoint of such a run."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        fields_ = {name: content[_KEYS.get(name, name)] for name in vars(Checkpoint("", "", Position()))}
        found = Checkpoint(**(fields_ | {"position": Position(**content["position"])}))
    except FileNotFoundError:
        raise
    except Exception as error:  # torch's reader raises whatever a damaged file makes it
        raise ValueError(f"{path} is no checkpoint that can be read ({type(error).__name__})") from error
    if (found.network, found.schedule) != (network, schedule):
        raise ValueError(
            f"{path} is of a run of {found.network} with schedule {found.schedule}, "
            f"not of {network} with {schedule}; name those"
        )
    return found


def write_weights(path: Path, network: nn.Module) -> None:
    """A network's weights alone, safetensors, as `models.weights.load_weights` reads them."""
    state = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with whole_file(path, shared=True, durable=True) as draft:
        save_file(state, draft)
