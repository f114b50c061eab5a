"""Teaching a decoder on cached maps: a short loop for any objective, in a box of time, that can go on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.training.maps.batch import MapBatch, read_batch
from models.training.maps.cache import MapCache
from models.training.maps.real_batch import RealBatch, RealHandsCached
from models.weights import ENCODER


class Objective(Protocol):
    """What a network is taught by."""

    def learns(self) -> list[nn.Parameter]: ...

    def __call__(self, batch: MapBatch, /) -> dict[str, Tensor]: ...

    def validate(self, batch: MapBatch, /) -> dict[str, float]: ...


class RealObjective(Protocol):
    """What it is taught by on photographs."""

    def __call__(self, batch: RealBatch, /) -> dict[str, Tensor]: ...

    def validate(self, batch: RealBatch, /) -> dict[str, float]: ...


@dataclass(frozen=True, eq=False)
class Photographs:
    """Cached photographs: how they teach, those to learn from, and those held out."""

    objective: RealObjective
    training: RealHandsCached
    validation: RealHandsCached


@dataclass(frozen=True)
class DecoderTraining:
    """One run."""

    minutes: float = 60.0
    batch: int = 48
    real: int = 20  # views of photographs beside them, two a hand
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    validate_s: float = 180.0  # between validations, each of which also writes the weights
    validation_crops: int = 256
    seed: int = 0


def train_decoder(
    net: nn.Module,
    objective: Objective,
    out: Path,
    cache: MapCache,
    validation: MapCache,
    palm_m: float,
    config: DecoderTraining,
    say: Callable[[str], None] = print,
    photographs: Photographs | None = None,
    clips: Callable[[np.random.Generator], dict[str, Tensor]] | None = None,
) -> None:
    """Teach, and write the network's weights to `out` (safetensors) every so often and at the end.

    The landmark encoder is not among them: it is another network's, and nothing changes it here. clips: what
    frames in turn say (`models.training.maps.clips`).
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    test = read_batch(validation, np.arange(min(config.validation_crops, len(validation))), palm_m)
    learns = objective.learns()
    optimiser = torch.optim.AdamW(learns, config.learning_rate, weight_decay=config.weight_decay)
    net.train()
    means: dict[str, float] = {}
    began = validated_at = time.monotonic()
    step, progress = 0, 0.0
    while progress < 1:
        batch = read_batch(cache, rng.integers(0, len(cache), config.batch), palm_m)
        terms = objective(batch)
        if photographs is not None:
            terms |= photographs.objective(photographs.training.draw(config.real, rng))
        if clips is not None:
            terms |= clips(rng)
        factor = min(1.0, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        optimiser.param_groups[0]["lr"] = config.learning_rate * factor
        loss = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learns, 1.0)
        optimiser.step()
        step += 1
        for name, value in terms.items():
            previous = means.get(name, 0.0)
            means[name] = previous + (value.item() - previous) / min(step, 100)
        progress = (time.monotonic() - began) / (60 * config.minutes)
        if step == 20 or progress >= 1 or time.monotonic() - validated_at > config.validate_s:
            validated_at = time.monotonic()
            save_file(own_weights(net), out)
            figures = objective.validate(test)
            if photographs is not None:
                shown = photographs.validation.draw(config.validation_crops, np.random.default_rng(0))
                figures |= photographs.objective.validate(shown)
            say(_line(step, (validated_at - began) / 60, means, figures))


def own_weights(net: nn.Module) -> dict[str, Tensor]:
    """By name, all but the landmark encoder's."""
    return {k: v.contiguous() for k, v in net.state_dict().items() if not k.startswith(ENCODER)}


def _line(step: int, minutes: float, means: dict[str, float], figures: dict[str, float]) -> str:
    lost = " ".join(f"{name} {value:.4f}" for name, value in means.items())
    good = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
    return f"{minutes:.1f} min, step {step}: {good} | {lost}"
