"""What one training run is: every choice in one frozen place. Networks bring their named schedules along."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from models.networks.declaration import Objective
from models.networks.zoo import declared, networks


@dataclass(frozen=True)
class TrainConfig:
    """One run. A schedule fills it; the command line changes single fields."""

    network: str = "mobrecon_lm"  # a name of the zoo
    schedule: str = "landmark"  # the name under which `schedules` has this
    objective: str | Objective = "landmark"  # what is minimised, as `Schedule` has it
    optimiser: Literal["adam", "adamw", "rmsprop"] = "adamw"
    learning_rate: float = 2e-4  # the highest learning rate
    new_learning_rate: float = 2e-4  # "landmark": of the layers that start from random numbers
    decay: Literal["cosine", "steps", "plateau"] = "cosine"  # how learning rates fall
    lr_milestones: tuple[float, ...] = ()  # "steps": after these fractions of the run, a tenth each
    plateau_factor: float = 0.7  # "plateau": times this when validation stands still
    plateau_patience: int = 2  # "plateau": validations without a better one that are waited for
    warmup_steps: int = 0  # learning rates rise from zero over these
    weight_decay: float = 0.0  # of adamw
    clip: float = 1.0  # the gradient's largest length
    batch: int = 64  # samples a step and a process, both views of a pair counted
    real_fraction: float = 0.6  # of the samples are real, where real ones are given
    synthetic_weight: float = 1.0  # the weight of synthetic labels beside real ones
    consistency: float = 0.0  # weight of two views' agreement; above 0, half the real samples are pairs
    ema: float = 0.999  # decay of the exponential moving average of the weights, a step
    steps: int | None = None  # length of the run in steps; None: by minutes
    minutes: float | None = None  # length of the run in time; None: by steps
    validate_every: int = 250  # steps between validations; each also writes a checkpoint
    log_every: int = 20  # steps between lines of the log
    bf16: bool | None = None  # encoders in bfloat16; None: on a GPU only, where it is the faster
    device: str = "cpu"  # of torch
    threads: int = 1  # of torch on the CPU; sources have a thread each beside
    seed: int = 0  # of everything drawn

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ValueError("length: expected either steps or minutes")
        if (self.steps or self.minutes or 0) <= 0:
            raise ValueError("length: expected more than nothing")

    def learning_rate_factor(self, step: int, progress: float) -> float:
        """What learning rates are multiplied by at a step, `progress` (0..1) of the run being done.

        Without what a plateau of the validation has made of them.
        """
        factor = min(1.0, (step + 1) / (self.warmup_steps + 1))
        if self.decay == "cosine":
            factor *= 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
        elif self.decay == "steps":
            factor *= 0.1 ** sum(progress >= milestone for milestone in self.lr_milestones)
        return factor


def schedules() -> dict[str, TrainConfig]:
    """The schedules of all networks by name, each for the first network that lists it.

    Raises TypeError for a schedule with a setting that TrainConfig doesn't have.
    """
    found: dict[str, TrainConfig] = {}
    for network in networks().values():
        for schedule in network.schedules:
            if schedule.name not in found:
                objective, settings = schedule.objective, schedule.settings
                found[schedule.name] = TrainConfig(network.name, schedule.name, objective, **settings)
    return found


def schedule_for(network: str) -> str:
    """The schedule that a network is trained by unless another is named.

    Raises ValueError for an unknown network, and for one that `train` has no schedule for.
    """
    named = declared(network).schedules
    if not named:
        raise ValueError(f"{network} has no schedule here; its file and card say what trains it")
    return named[0].name
