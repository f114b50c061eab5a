"""What one training run is: every choice in one frozen place, and the named schedules."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

Objective = Literal["mobrecon", "tang", "hamr", "encoder", "landmark"]


@dataclass(frozen=True)
class TrainConfig:
    """One run. A schedule fills it; the command line changes single fields."""

    network: str = "mobrecon_lm"  # a name of the zoo
    schedule: str = "landmark"  # the name under which SCHEDULES has this
    objective: Objective = "landmark"  # what is minimised (`learners.py`, `landmark.py`)
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


_FREIHAND = 130_240  # pictures of the papers' training set, whose epochs set a run's length


def _steps(epochs: int, batch: int) -> int:
    return epochs * _FREIHAND // batch


_LANDMARK = TrainConfig(
    learning_rate=2e-4,
    new_learning_rate=1.5e-3,
    warmup_steps=50,
    weight_decay=1e-4,
    batch=48,
    synthetic_weight=0.3,
    consistency=0.3,
    ema=0.995,
    validate_every=200,
    minutes=50,
)

_MOBRECON = TrainConfig(
    network="mobrecon-dense",
    schedule="mobrecon",
    objective="mobrecon",
    optimiser="adam",
    learning_rate=1e-3,
    decay="steps",
    lr_milestones=(30 / 38,),
    batch=32,
    consistency=1.0,
    steps=_steps(38, 32),
    validate_every=1000,
)
"""MobRecon, section 4.1: 38 epochs, a tenth from the 30th on. Epochs are of FreiHAND."""

SCHEDULES: dict[str, TrainConfig] = {
    "landmark": _LANDMARK,
    "landmark-steady": replace(
        _LANDMARK,
        schedule="landmark-steady",
        learning_rate=6e-5,
        new_learning_rate=5e-4,
        consistency=3.0,
        minutes=20,
    ),
    "mobrecon": _MOBRECON,
    "mobrecon-pretrain": replace(
        _MOBRECON,
        schedule="mobrecon-pretrain",
        objective="encoder",
        lr_milestones=(0.25, 0.5, 0.75),
        batch=128,
        consistency=0.0,
        steps=_steps(80, 128),
    ),
    "m3dhmr": replace(_MOBRECON, network="m3dhmr-18", schedule="m3dhmr"),
    "tang": replace(
        _MOBRECON,
        network="tang-50",
        schedule="tang",
        objective="tang",
        learning_rate=1e-4,
        lr_milestones=(0.4, 0.8),
        batch=64,
        consistency=0.0,
        steps=_steps(25, 64),
    ),
    "hamr": replace(
        _MOBRECON,
        network="hamr",
        schedule="hamr",
        objective="hamr",
        optimiser="rmsprop",
        learning_rate=2e-4,
        decay="plateau",
        lr_milestones=(),
        consistency=0.0,
        steps=_steps(30, 32),
    ),
}
"""The papers' schedules; the one that teaches MediaPipe's landmark network a mesh; and one to go on from
there, by which two noisy views of a hand have to agree, so that there is less jitter."""


def schedule_for(network: str) -> str:
    """The schedule that a network of the zoo is trained by unless another is named."""
    if network == "mobrecon_lm":
        return "landmark"
    return network.split("-")[0]
