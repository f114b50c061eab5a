"""Teaching the student: a loop in a box of time that can go on, and says where its time goes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.evaluation.metrics import aligned_errors
from models.networks.encoders.landmark_net import INPUT_SIZE, LandmarkNet
from models.networks.encoders.landmark_scores import LandmarkScores
from models.prefetch import Prefetch
from models.training.checkpoint import Checkpoint, Position, read_checkpoint, write_checkpoint, write_weights
from models.training.config import TrainConfig
from models.training.distributed import ProcessGroup
from models.training.ema import Ema
from models.training.frozen import FrozenPart
from models.training.student.crops import CropPair, StudentCrops
from models.training.student.frugal import frugal_maps
from models.training.student.matching import Matching, TeacherAnswers
from models.training.student.steps import RelativeAdam

_EXAMPLES = 6  # batches by which channels' variances are known
_APART = 1 << 30  # numbers of batches that no step reaches
_NAME = "landmark_student"


@dataclass(frozen=True)
class StudentTraining:
    """One run."""

    minutes: float = 60.0
    steps: int | None = None  # the length in steps instead
    batch: int = 16  # crops, of each process where torchrun has started several
    rate: float = 2e-3  # a step, as a fraction of a channel's weights; falls to a fiftieth
    warmup: int = 60  # steps
    ema: float = 0.995
    validate_s: float = 240.0  # between validations, each of which also writes a checkpoint
    seed: int = 0


class Teacher:
    """The landmark network of 224 pixels, run by OpenVINO."""

    def __init__(self, encoder: LandmarkNet, scores: LandmarkScores) -> None:
        """encoder: without scores of its own; scores: those taught for it."""
        self.scores = scores
        part = _Answers(encoder, scores.eval())
        self._part = FrozenPart(part, (3, INPUT_SIZE, INPUT_SIZE), TrainConfig(steps=1))

    def __call__(self, images: Tensor) -> TeacherAnswers:
        """(B, 3, 224, 224) RGB, 0..1."""
        f28, f14, f7, joints, world, *scores = self._part(images)
        return TeacherAnswers((f28, f14, f7), f7.mean((2, 3)), joints, world, torch.stack(scores, 1))


class _Answers(nn.Module):
    def __init__(self, encoder: LandmarkNet, scores: LandmarkScores) -> None:
        super().__init__()
        self.encoder, self.scores = encoder, scores

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        seen = self.encoder(images)
        return (
            *seen.features,
            *(seen.joints_px, seen.joints_world_m, seen.presence_logit, seen.handedness_logit),
            *self.scores(seen),
        )


class Seconds:
    """Where the time of a run goes."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.spent[what] = self.spent.get(what, 0.0) + time.perf_counter() - start

    def table(self, crops: int) -> str:
        """A line for each part: its share, and milliseconds a crop; crops a second in the last."""
        total = max(sum(self.spent.values()), 1e-9)
        spent = [*self.spent.items(), ("all", total)]
        lines = [f"{what:10} {s / total:5.0%} {1e3 * s / crops:7.2f} ms" for what, s in spent]
        return "\n".join(lines) + f", {crops / total:.1f} crops/s"


def teach(
    student: LandmarkNet,
    teacher: Teacher,
    crops: StudentCrops,
    validated: dict[str, CropPair],
    out: Path,
    config: StudentTraining,
    say: Callable[[str], None] = print,
    resume: bool = False,
) -> Seconds:
    """Teach, and write the averaged weights (safetensors) and a checkpoint into the folder `out` every so
    often and at the end. resume: go on from that checkpoint. A thread beside makes the crops, asks the
    teacher, and closes `crops` at the end. Raises ValueError where a checkpoint is not one."""
    student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    student.train()
    optimiser, averaged = RelativeAdam(student), Ema(student, config.ema)
    kind = f"{student.input_size} px, {student.hidden} channels"
    step, before_s = 0, 0.0
    if resume:
        kept = read_checkpoint(out / "checkpoint.pt", _NAME, kind)
        student.load_state_dict(kept.learner)
        averaged.network.load_state_dict(kept.ema)
        optimiser.load_state_dict(kept.optimiser)
        step, before_s = kept.position.step, kept.position.spent_s
    wanted = {name: teacher(pair.teacher) for name, pair in validated.items()}
    seconds, means, first = Seconds(), dict[str, float](), step

    def keep(spent_s: float) -> None:
        position, state = Position(step, spent_s), averaged.network.state_dict()
        kept = Checkpoint(_NAME, kind, position, student.state_dict(), state, dict(optimiser.state_dict()))
        write_checkpoint(out / "checkpoint.pt", kept)
        write_weights(out / "encoder.safetensors", averaged.network)
        good = {name: validation(averaged.network, validated[name], wanted[name]) for name in validated}
        say(_line(step, spent_s, means, good))
        if step > first:
            say(seconds.table((step - first) * config.batch * group.size))

    with (
        ProcessGroup.joined(TrainConfig(steps=1)) as group,
        closing(Prefetch(_taught(crops, teacher, config.batch, group.batch_numbers(step)))) as taught,
    ):
        examples = [next(taught)[1] for _ in range(_EXAMPLES)]
        matching = Matching(student.input_size, _together(examples), teacher.scores)
        began, validated_at = time.monotonic(), -math.inf
        while True:
            spent_s = before_s + time.monotonic() - began
            progress = spent_s / (60 * config.minutes) if config.steps is None else step / config.steps
            progress = group.broadcast(progress)
            if progress >= 1 or time.monotonic() - validated_at > config.validate_s:
                validated_at = time.monotonic()
                if group.is_first:
                    keep(spent_s)
            if progress >= 1:
                group.barrier()
                return seconds
            with seconds("waiting"):
                pair, target = next(taught)
            with seconds("forward"):
                seen = student.answer(frugal_maps(student, pair.student)[1])
                terms = matching(seen, target)
                loss = torch.stack(list(terms.values())).sum()
            with seconds("backward"):
                loss.backward()  # type: ignore[no-untyped-call]
            with seconds("step"):
                group.average([p.grad for p in student.parameters() if p.grad is not None])
                factor = min(1.0, (step + 1) / config.warmup) * (
                    0.02 + 0.49 * (1 + math.cos(math.pi * progress))
                )
                optimiser.step(config.rate * factor)
                step += 1
                averaged.update(student, step)
            for name, value in terms.items():
                previous = means.get(name, value.item())
                means[name] = previous + 0.02 * (value.item() - previous)


def _taught(
    crops: StudentCrops, teacher: Teacher, count: int, numbers: Iterator[int]
) -> Generator[tuple[CropPair, TeacherAnswers]]:
    """Batches and what the teacher says of them: _EXAMPLES, then of these numbers. Closes `crops`."""
    with closing(crops):
        for number in chain(range(_APART, _APART + _EXAMPLES), numbers):
            pair = crops.batch(number, count)
            yield pair, teacher(pair.teacher)


@torch.no_grad()
def validation(student: nn.Module, pair: CropPair, wanted: TeacherAnswers) -> tuple[float, float, float]:
    """How far the student is off the teacher: joints in the picture, % of the hand's box; world joints after
    Procrustes, mm; and pooled features, standard deviations."""
    seen = [student(part) for part in pair.student.split(16)]
    joints, world = (torch.cat([getattr(s, name) for s in seen]) for name in ("joints_px", "joints_world_m"))
    pooled = torch.cat([s.features.f7.mean((2, 3)) for s in seen])
    xy = wanted.joints_px[..., :2]
    box = (xy.amax(1) - xy.amin(1)).amax(1)
    off = ((joints[..., :2] - xy).norm(dim=-1).mean(1) / box).mean()
    aligned = aligned_errors(world.numpy(), wanted.world_m.numpy())
    deviation = wanted.pooled.std(0) + 1e-2
    apart = ((pooled - wanted.pooled) / deviation).square().mean().sqrt()
    return 100 * float(off), 1e3 * float(np.mean(aligned)), float(apart)


def _together(parts: list[TeacherAnswers]) -> TeacherAnswers:
    maps = tuple(torch.cat([p.maps[k] for p in parts]) for k in range(3))
    names = ("pooled", "joints_px", "world_m", "scores")
    rest = (torch.cat([getattr(p, name) for p in parts]) for name in names)
    return TeacherAnswers((maps[0], maps[1], maps[2]), *rest)


def _line(
    step: int, spent_s: float, means: dict[str, float], good: dict[str, tuple[float, float, float]]
) -> str:
    lost = " ".join(f"{name} {value:.4f}" for name, value in means.items())
    off = ", ".join(f"{name} {px:.2f} % {mm:.2f} mm {sd:.3f} sd" for name, (px, mm, sd) in good.items())
    return f"{spent_s / 60:.1f} min, step {step}: off the teacher: {off} | {lost}"
