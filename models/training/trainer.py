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
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from models.hand.hand_data import HandData
from models.networks.m3dhmr import M3dhmr
from models.networks.mobrecon import MobRecon
from models.networks.mobrecon_lm import MobReconLm
from models.training.batch import Source
from models.training.checkpoint import Checkpoint, Position, read_checkpoint, write_checkpoint, write_weights
from models.training.config import TrainConfig
from models.training.distributed import Team
from models.training.ema import Averaged
from models.training.feed import Feed
from models.training.landmark import LandmarkLearner
from models.training.learners import EncoderLearner, PaperLearner
from models.training.run_log import RunLog
from models.training.validation import Validator


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    position: Position
    waited: float  # the part of the time that steps waited for samples
    weights: Path  # the best averaged weights, by validation; without any, the last


def make_learner(config: TrainConfig, network: nn.Module, hand: HandData) -> nn.Module:
    """The learner of a schedule: holds `network`; Lesson -> weighted loss terms by name.

    Raises ValueError where the schedule is not for this network.
    """
    if config.objective == "landmark":
        if not isinstance(network, MobReconLm):
            raise ValueError(f"schedule {config.schedule} trains mobrecon_lm alone, not {config.network}")
        return LandmarkLearner(config, network, hand)
    if config.objective == "encoder":
        if not isinstance(network, MobRecon | M3dhmr):
            raise ValueError(f"schedule {config.schedule} trains stacked encoders: {config.network} has none")
        return EncoderLearner(config, network)
    return PaperLearner(config, network, hand)


def make_optimiser(config: TrainConfig, learner: nn.Module) -> torch.optim.Optimizer:
    """Over what learns, each part by its rate."""
    if isinstance(learner, LandmarkLearner):
        groups = learner.groups()
    else:
        groups = [{"params": [p for p in learner.parameters() if p.requires_grad], "lr": config.rate}]
    if config.optimiser == "adamw":
        return torch.optim.AdamW(groups, weight_decay=config.weight_decay)
    return torch.optim.Adam(groups) if config.optimiser == "adam" else torch.optim.RMSprop(groups)


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
    team = Team.of_this_process(config)
    torch.manual_seed(config.seed)
    network.to(config.device)
    averaged = Averaged(network, config.ema)
    learner = make_learner(config, network, hand).to(config.device)
    learner.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimiser = make_optimiser(config, learner)
    rates = [group["lr"] for group in optimiser.param_groups]
    position = Position()
    if resume is not None:
        found = read_checkpoint(resume, config.network, config.schedule)
        learner.load_state_dict(found.learner)
        averaged.network.load_state_dict(found.averaged)
        optimiser.load_state_dict(found.optimiser)
        position = found.position

    feed = Feed(config, synthetic, real, lambda: team.numbers(position.step))
    log = RunLog(out) if team.first else None
    model = DistributedDataParallel(learner, find_unused_parameters=True) if team.size > 1 else learner
    waited_s, start_s = 0.0, time.monotonic() - position.spent_s
    began_s, began_at = time.monotonic(), position.step
    try:
        while (progress := team.agreed(_progress(config, position))) < 1:
            torch.manual_seed(_seed_of(config, position.step, team.rank))
            asked_s = time.monotonic()
            lesson = feed.take()
            waited_s += time.monotonic() - asked_s

            factor = config.rate_factor(position.step, progress) * position.plateau_rate
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            terms: dict[str, Tensor] = model(lesson)
            loss = torch.stack(list(terms.values())).sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(learner.parameters(), config.clip)
            optimiser.step()
            position.step += 1
            position.spent_s = time.monotonic() - start_s
            averaged.update(network, position.step)

            passed_s = time.monotonic() - began_s
            if log is not None and position.step % config.log_every == 0:
                values = {name: value.item() for name, value in terms.items()}
                speed = (position.step - began_at) * config.batch * team.size / passed_s
                row = {
                    "loss": loss.item(),
                    "rate": factor,
                    "samples_per_s": speed,
                    "waited": waited_s / passed_s,
                }
                log.write("train", position.step, row | {"minutes": position.spent_s / 60} | values)
                say(
                    f"step {position.step}  loss {loss.item():.4f}  {speed:.0f} samples/s  "
                    f"waiting {row['waited']:.0%}  {progress:.0%}"
                )
            if position.step % config.validate_every == 0:
                if log is not None:
                    _validate(config, averaged.network, validator, position, out, log, say)
                    _save(config, learner, averaged, optimiser, position, out)
                team.meet()
            if team.agreed(float(asked_to_stop(position.step))):
                break
    finally:
        feed.close()
    if log is not None:
        if position.step % config.validate_every:
            _validate(config, averaged.network, validator, position, out, log, say)
            _save(config, learner, averaged, optimiser, position, out)
        log.close()
    team.meet()
    best = out / "best.safetensors"
    waited = waited_s / max(time.monotonic() - began_s, 1e-9)
    return Result(position, waited, best if best.is_file() else out / "last.safetensors")


def _progress(config: TrainConfig, position: Position) -> float:
    """How much of the run is done, 0..1."""
    if config.steps is not None:
        return position.step / config.steps
    return position.spent_s / (60 * (config.minutes or 0.0))


def _seed_of(config: TrainConfig, step: int, rank: int) -> int:
    return hash((config.seed, step, rank)) % 2**63  # of whole numbers: the same in every process


def _validate(
    config: TrainConfig,
    network: nn.Module,
    validator: Validator | None,
    position: Position,
    out: Path,
    log: RunLog,
    say: Callable[[str], None],
) -> None:
    """Judge the averaged weights, keep them if they are the best so far, and lower rates that stand still."""
    if validator is None:
        return
    figures = validator(network, config.device)
    log.write("validation", position.step, figures | {"minutes": position.spent_s / 60})
    say(f"step {position.step}  " + "  ".join(f"{name} {value:.2f}" for name, value in figures.items()))
    if figures["mm"] < position.best_mm:
        position.best_mm = figures["mm"]
        write_weights(out / "best.safetensors", network)
    if config.decay == "plateau":
        if figures["mm"] < position.plateau_best_mm:
            position.plateau_best_mm, position.plateau_waited = figures["mm"], 0
        else:
            position.plateau_waited += 1
        if position.plateau_waited > config.plateau_patience:
            position.plateau_rate *= config.plateau_factor
            position.plateau_waited = 0


def _save(
    config: TrainConfig,
    learner: nn.Module,
    averaged: Averaged,
    optimiser: torch.optim.Optimizer,
    position: Position,
    out: Path,
) -> None:
    write_weights(out / "last.safetensors", averaged.network)
    checkpoint = Checkpoint(
        config.network,
        config.schedule,
        position,
        learner.state_dict(),
        averaged.network.state_dict(),
        optimiser.state_dict(),
    )
    write_checkpoint(out / "checkpoint.pt", checkpoint)
