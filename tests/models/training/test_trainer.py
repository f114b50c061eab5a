"""The trainer: what it learns, keeps and repeats. Small networks, a few steps."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from models.hand.hand_data import load_open_hand
from models.networks.systems.mobrecon import LiftingConfig, MobRecon, MobReconConfig
from models.training.checkpoint import read_checkpoint
from models.training.config import TrainConfig, schedules
from models.training.ema import Ema
from models.training.trainer import Result, train
from models.training.validation import Validator, validation_source
from tests.models.training.tiny_source import TinyPairs, TinySource

SIZE = 64


@pytest.fixture(scope="module")
def source() -> TinyPairs:
    return TinyPairs(TinySource.of(SIZE).hands)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def configured(schedule: str = "mobrecon", **changes: object) -> TrainConfig:
    short = {"network": "mobrecon-ghost", "batch": 4, "steps": 4, "minutes": None, "validate_every": 2}
    return replace(schedules()[schedule], **(short | {"log_every": 1} | changes))  # type: ignore[arg-type]


def small_network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return MobRecon(MobReconConfig(LiftingConfig("ghoststack", input_size=SIZE)), load_open_hand())


def run(source: TinySource, out: Path, config: TrainConfig, **more: object) -> Result:
    network = small_network(config.seed)
    sources = {"synthetic": source, "real": source, "validator": None, "say": lambda line: None} | more
    return train(config, network, load_open_hand(), out=out, **sources)  # type: ignore[arg-type]


def test_going_on_is_the_same_as_never_having_stopped(source: TinySource, tmp_path: Path) -> None:
    """Four steps, and two and two: every weight, average and moment of the optimiser is equal to the bit."""
    config = configured(validate_every=10)
    run(source, tmp_path / "whole", config)
    first = run(source, tmp_path / "parts", config, asked_to_stop=lambda step: step >= 2)
    assert first.position.step == 2
    checkpoint = tmp_path / "parts" / "checkpoint.pt"
    run(source, tmp_path / "parts", config, resume=checkpoint)
    whole, parts = (
        read_checkpoint(tmp_path / name / "checkpoint.pt", config.network, config.schedule)
        for name in ("whole", "parts")
    )
    assert whole.position.step == parts.position.step == 4
    for kind in ("learner", "ema"):
        a, b = getattr(whole, kind), getattr(parts, kind)
        assert a.keys() == b.keys()
        assert all(torch.equal(a[name], b[name]) for name in a), kind
    for k, moments in whole.optimiser["state"].items():
        assert all(torch.equal(v, parts.optimiser["state"][k][name]) for name, v in moments.items())


@pytest.mark.slow
def test_a_seed_is_a_run(source: TinySource, tmp_path: Path) -> None:
    config = configured(steps=2)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(source, tmp_path / name, replace(config, seed=seed))
    a, b, c = (load_file(tmp_path / name / "last.safetensors") for name in "abc")
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert not all(torch.equal(a[k], c[k]) for k in a)


@pytest.mark.slow
def test_it_learns_and_tells(source: TinySource, tmp_path: Path) -> None:
    """A few hands by heart: the loss falls, the best weights are the network's own."""
    config = configured(steps=20, batch=8, decay="cosine", ema=0.8, validate_every=10)
    validator = Validator([validation_source("tiny", source, 16)])
    said: list[str] = []
    result = run(source, tmp_path, config, validator=validator, say=said.append)
    assert re.fullmatch(r"step 1  loss \d.*  \d+ samples/s  waiting \d+%  0%", said[0])
    assert 0 <= result.waited <= 1
    with (tmp_path / "train.csv").open() as file:
        rows = list(csv.DictReader(file))
    losses = [float(row["loss"]) for row in rows]
    assert len(rows) == 20
    assert sum(losses[-5:]) < 0.85 * sum(losses[:5])
    assert {"mesh", "pose2D", "norm", "edge", "presence", "right", "con3D", "con2D"} <= rows[0].keys()
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert {b"train/loss", b"train/waited", b"validation/mm"} <= set(
        re.findall(rb"(?:train|validation)/\w+", events.read_bytes())
    )
    with (tmp_path / "validation.csv").open() as file:
        judged = [float(row["mm"]) for row in csv.DictReader(file)]
    assert len(judged) == 2
    assert result.position.best_mm == pytest.approx(min(judged), rel=1e-5)
    assert result.weights == tmp_path / "best.safetensors"
    network = small_network().eval()
    network.load_state_dict(load_file(result.weights))
    assert validator(network, "cpu")["mm"] == pytest.approx(min(judged), rel=1e-3)


def test_a_run_ends_when_its_time_is_up(source: TinySource, tmp_path: Path) -> None:
    """By the clock; one that goes on has what is left of it."""
    config = configured(steps=None, minutes=1 / 60, validate_every=1000)
    position = run(source, tmp_path, config).position
    assert position.step >= 1
    assert 1 <= position.spent_s < 30
    again = run(source, tmp_path, config, resume=tmp_path / "checkpoint.pt").position
    assert again.step == position.step


def test_bfloat16_where_networks_are_run_and_nowhere_else(source: TinySource, tmp_path: Path) -> None:
    """Losses near those in 32 bits, weights and what is saved in 32."""
    losses = {}
    for bf16 in (False, True):
        run(source, tmp_path / str(bf16), configured(steps=1, bf16=bf16))
        with (tmp_path / str(bf16) / "train.csv").open() as file:
            (row,) = csv.DictReader(file)
        losses[bf16] = float(row["loss"])
    assert 0 < abs(losses[True] - losses[False]) < 0.1 * losses[False]
    saved = load_file(tmp_path / "True" / "last.safetensors").values()
    assert all(value.dtype != torch.bfloat16 for value in saved)


def test_averaged_weights() -> None:
    """In its beginning the average keeps less of itself; its counters are the network's own."""
    network = nn.BatchNorm1d(2)
    averaged = Ema(network, decay=0.9)
    network.weight.data.fill_(3.0)
    network.num_batches_tracked += 5
    averaged.update(network, step=1)
    mean = averaged.network.state_dict()
    assert torch.allclose(mean["weight"], torch.full((2,), 1 + (1 - 2 / 11) * 2))
    assert mean["num_batches_tracked"] == 5
    averaged.update(network, step=1000)
    assert torch.allclose(mean["weight"], torch.full((2,), 3 - 0.9 * 2 * 2 / 11))


@pytest.mark.parametrize("schedule", ["m3dhmr", "mobrecon-pretrain"])
def test_other_schedules_step(schedule: str, source: TinySource, tmp_path: Path) -> None:
    before = small_network().state_dict()
    result = run(source, tmp_path, configured(schedule, steps=2, ema=0.5), real=None)
    after = load_file(result.weights)
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == ({"lifting"} if schedule.endswith("pretrain") else {"lifting", "decoder"})


@pytest.mark.slow
def test_plateaus_lower_the_rate(source: TinySource, tmp_path: Path) -> None:
    config = configured("hamr", objective="mobrecon", steps=5, validate_every=1, plateau_patience=1)
    still = Validator([])
    still.__class__ = type("Still", (Validator,), {"__call__": lambda self, network, device: {"mm": 7.0}})
    assert run(source, tmp_path, config, validator=still).position.plateau_rate == pytest.approx(0.7**2)


def test_processes_draw_different_batches(source: TinySource, tmp_path: Path) -> None:
    from itertools import islice

    from models.training.distributed import ProcessGroup

    drawn = [list(islice(ProcessGroup(rank, 2).batch_numbers(3), 3)) for rank in range(2)]
    assert drawn == [[6, 8, 10], [7, 9, 11]]


def test_rates_of_the_papers() -> None:
    """MobRecon: a tenth from epoch 30 of 38; Tang: every 10 of 25; pre-training: at 20, 40, 60 of 80."""
    for name, epochs, at in (
        ("mobrecon", 38, (30,)),
        ("tang", 25, (10, 20)),
        ("mobrecon-pretrain", 80, (20, 40, 60)),
    ):
        config = schedules()[name]
        rates = [config.learning_rate_factor(1000, (epoch + 0.5) / epochs) for epoch in range(epochs)]
        falls = [e for e in range(1, epochs) if rates[e] < rates[e - 1]]
        assert tuple(falls) == at
        assert rates[-1] == pytest.approx(0.1 ** len(at))


def test_a_source_that_fails_ends_the_run(tmp_path: Path) -> None:
    class Broken:
        def batch(self, number: int, count: int) -> None:
            raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        run(Broken(), tmp_path, configured(), real=None)  # type: ignore[arg-type]


def test_a_checkpoint_of_another_run_is_refused(source: TinySource, tmp_path: Path) -> None:
    run(source, tmp_path, configured(steps=1))
    with pytest.raises(ValueError, match="mobrecon-ghost with schedule mobrecon"):
        read_checkpoint(tmp_path / "checkpoint.pt", "tang-50", "tang")
    (tmp_path / "broken.pt").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="no checkpoint"):
        read_checkpoint(tmp_path / "broken.pt", "tang-50", "tang")
