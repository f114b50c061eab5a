"""The training, from the first step to the last. It reads top to bottom.

One process, or several by torchrun (then every process draws its own samples and gradients are averaged).
Everything drawn at a step depends on the seed and the step, so a run that goes on from a checkpoint does what
it would have done; on a CPU to the last bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from models.hand.hand_data import HandData
from models.training.batch import Source
from models.training.checkpoint import Position, write_weights
from models.training.config import TrainConfig
from models.training.distributed import ProcessGroup
from models.training.feed import Feed
from models.training.run import Run
from models.training.run_log import RunLog
from models.training.validation import Validator


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    position: Position
    waited: float  # the fraction of the time that steps waited for samples
    weights: Path  # the best averaged weights, by validation; without any, the last


def train(
    config: TrainConfig,
    network: nn.Module,
    hand: HandData,
    synthetic: Source | None,
    real: Source | None,
    validator: Validator | None,
    out: Path,
    resume: Path | None = None,
    asked_to_stop: Callable[[int], bool] = lambda step: False,
    say: Callable[[str], None] = print,
) -> Result:
    """Train and write to `out`: best and last weights, checkpoint.pt, train.csv, validation.csv.

    network: on the CPU, as it starts. asked_to_stop: given the number of steps done; a run that is asked
    ends early, with a checkpoint. Raises ValueError for sources, schedules or checkpoints that don't fit.
    """
    with ProcessGroup.joined(config) as group:
        torch.manual_seed(config.seed)
        run = Run(config, network, hand)
        lacking = run.restore(resume) if resume is not None else None
        feed = Feed(config, synthetic, real, lambda: group.batch_numbers(run.position.step))
        log = RunLog(out) if group.is_first else None
        if log is not None and lacking is not None:
            say(lacking)
        try:
            waited = _steps(run, group, feed, log, validator, out, asked_to_stop, say)
        finally:
            feed.close()
        if log is not None:
            if run.position.step % config.validate_every:
                _validate(run, validator, out, log, say)
                run.save(out)
            log.close()
        group.barrier()
    best = out / "best.safetensors"
    return Result(run.position, waited, best if best.is_file() else out / "last.safetensors")


def _steps(
    run: Run,
    group: ProcessGroup,
    feed: Feed,
    log: RunLog | None,
    validator: Validator | None,
    out: Path,
    asked_to_stop: Callable[[int], bool],
    say: Callable[[str], None],
) -> float:
    """All steps of the run; the fraction of the time that they waited for samples."""
    config, position = run.config, run.position
    multiple = group.size > 1
    model = DistributedDataParallel(run.learner, find_unused_parameters=True) if multiple else run.learner
    waited_s, start_s = 0.0, time.monotonic() - position.spent_s
    began_s, began_at = time.monotonic(), position.step
    while (progress := group.broadcast(run.progress())) < 1:
        torch.manual_seed(_seed_of(config, position.step, group.rank))
        asked_s = time.monotonic()
        batch = feed.take()
        waited_s += time.monotonic() - asked_s

        factor = run.learning_rate_factor(progress)
        loss, terms = run.step(model, batch, progress)
        position.spent_s = time.monotonic() - start_s
        run.ema.update(run.network, position.step)

        passed_s = time.monotonic() - began_s
        if log is not None and position.step % config.log_every == 0:
            speed = (position.step - began_at) * config.batch * group.size / passed_s
            row = {
                "loss": loss.item(),
                "rate": factor,
                "samples_per_s": speed,
                "waited": waited_s / passed_s,
                "minutes": position.spent_s / 60,
            }
            log.write("train", position.step, row | {name: value.item() for name, value in terms.items()})
            say(
                f"step {position.step}  loss {loss.item():.4f}  {speed:.0f} samples/s  "
                f"waiting {row['waited']:.0%}  {progress:.0%}"
            )
        if position.step % config.validate_every == 0:
            if log is not None:
                _validate(run, validator, out, log, say)
                run.save(out)
            group.barrier()
        if group.broadcast(float(asked_to_stop(position.step))):
            break
    return waited_s / max(time.monotonic() - began_s, 1e-9)


def _seed_of(config: TrainConfig, step: int, rank: int) -> int:
    return hash((config.seed, step, rank)) % 2**63  # of whole numbers: the same in every process


def _validate(
    run: Run, validator: Validator | None, out: Path, log: RunLog, say: Callable[[str], None]
) -> None:
    """Validate the averaged weights, and keep them if they are the best so far."""
    if validator is None:
        return
    figures, step = validator(run.ema.network, run.config.device), run.position.step
    log.write("validation", step, figures | {"minutes": run.position.spent_s / 60})
    say(f"step {step}  " + "  ".join(f"{name} {value:.2f}" for name, value in figures.items()))
    if run.validated(figures["mm"]):
        write_weights(out / "best.safetensors", run.ema.network)
