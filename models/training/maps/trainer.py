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

from models.training.maps.cache import MapCache
from models.training.maps.lesson import MapLesson, read_lesson
from models.training.maps.real_lesson import RealHandsCached, RealLesson


class Objective(Protocol):
    """What a network is taught by."""

    def learns(self) -> list[nn.Parameter]: ...

    def __call__(self, lesson: MapLesson, /) -> dict[str, Tensor]: ...

    def judge(self, lesson: MapLesson, /) -> dict[str, float]: ...


class RealObjective(Protocol):
    """What it is taught by on photographs."""

    def __call__(self, lesson: RealLesson, /) -> dict[str, Tensor]: ...

    def judge(self, lesson: RealLesson, /) -> dict[str, float]: ...


@dataclass(frozen=True, eq=False)
class Photographs:
    """Cached photographs: how they teach, those to learn from, and those held out."""

    objective: RealObjective
    learnt: RealHandsCached
    judged: RealHandsCached


@dataclass(frozen=True)
class DecoderTraining:
    """One run."""

    minutes: float = 60.0
    batch: int = 48
    real: int = 20  # views of photographs beside them, two a hand
    rate: float = 1e-3
    weight_decay: float = 1e-4
    judge_s: float = 180.0  # between judgements, each of which also writes the weights
    judged: int = 256  # crops
    seed: int = 0


def train_decoder(
    net: nn.Module,
    objective: Objective,
    out: Path,
    cache: MapCache,
    judged: MapCache,
    palm_m: float,
    config: DecoderTraining,
    say: Callable[[str], None] = print,
    photographs: Photographs | None = None,
) -> None:
    """Teach, and write the network's weights to `out` (safetensors) every so often and at the end."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    test = read_lesson(judged, np.arange(min(config.judged, len(judged))), palm_m)
    learns = objective.learns()
    optimiser = torch.optim.AdamW(learns, config.rate, weight_decay=config.weight_decay)
    net.train()
    means: dict[str, float] = {}
    began = judged_at = time.monotonic()
    step, progress = 0, 0.0
    while progress < 1:
        lesson = read_lesson(cache, rng.integers(0, len(cache), config.batch), palm_m)
        terms = objective(lesson)
        if photographs is not None:
            terms |= photographs.objective(photographs.learnt.draw(config.real, rng))
        factor = min(1.0, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        optimiser.param_groups[0]["lr"] = config.rate * factor
        loss = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learns, 1.0)
        optimiser.step()
        step += 1
        for name, value in terms.items():
            before = means.get(name, 0.0)
            means[name] = before + (value.item() - before) / min(step, 100)
        progress = (time.monotonic() - began) / (60 * config.minutes)
        if step == 20 or progress >= 1 or time.monotonic() - judged_at > config.judge_s:
            judged_at = time.monotonic()
            save_file({k: v.contiguous() for k, v in net.state_dict().items()}, out)
            judgement = objective.judge(test)
            if photographs is not None:
                shown = photographs.judged.draw(config.judged, np.random.default_rng(0))
                judgement |= photographs.objective.judge(shown)
            say(_line(step, (judged_at - began) / 60, means, judgement))


def _line(step: int, minutes: float, means: dict[str, float], judgement: dict[str, float]) -> str:
    lost = " ".join(f"{name} {value:.4f}" for name, value in means.items())
    good = " ".join(f"{name} {value:.3f}" for name, value in judgement.items())
    return f"{minutes:.1f} min, step {step}: {good} | {lost}"
