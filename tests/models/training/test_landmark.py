"""The landmark recipe: what moves, what stays, and what its decoder's inputs are taught."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.hand.hand_data import load_open_hand
from models.networks.systems.mobrecon_lm import MobReconLm
from models.networks.zoo import build
from models.training.config import schedules
from models.training.feed import TrainBatch
from models.training.landmark import LandmarkLearner
from models.training.run import Run, make_learner, make_optimiser
from tests.models.training.tiny_source import TinySource

CONFIG = replace(schedules()["landmark"], threads=1)


@pytest.fixture(scope="module")
def train_batch() -> TrainBatch:
    return TrainBatch(TinySource.of(224, 3).batch(0, 4), None)


@pytest.fixture(scope="module")
def learner() -> LandmarkLearner:
    torch.manual_seed(0)
    network = build("mobrecon_lm", trained=False)
    assert isinstance(network, MobReconLm)
    return LandmarkLearner(CONFIG, network, load_open_hand())


@pytest.mark.slow
def test_one_step(learner: LandmarkLearner, train_batch: TrainBatch) -> None:
    """Everything above the 14 x 14 map learns, the decoder faster; nothing below it moves."""
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    optimiser = make_optimiser(CONFIG, learner)
    rates = [CONFIG.learning_rate, CONFIG.learning_rate / 100, CONFIG.new_learning_rate]
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx(rates)
    terms = learner(train_batch)
    torch.stack(list(terms.values())).sum().backward()
    optimiser.step()
    moved = {
        name for name, value in learner.network.state_dict().items() if not torch.equal(before[name], value)
    }
    late = {f"encoder.blocks.{k}." for k in range(11, 15)} | {
        "encoder.expand",
        "encoder.depthwise",
        "encoder.head_",
    }
    learnt = {name for name, _ in learner.network.named_parameters()}
    expected = {n for n in learnt if not n.startswith("encoder.") or any(n.startswith(part) for part in late)}
    assert moved == expected


def test_the_frozen_part_says_what_torch_says(learner: LandmarkLearner, train_batch: TrainBatch) -> None:
    """OpenVINO's map and scores are torch's."""
    network = build("mobrecon_lm", trained=False)
    with torch.no_grad():
        expected = network.encoder(train_batch.batch.images)  # type: ignore[operator, union-attr]
    f14, presence, right = learner._run_teacher(train_batch.batch.images)
    assert torch.allclose(f14, expected.features.f14, atol=1e-3)
    assert torch.allclose(presence, expected.presence_logit, atol=1e-3)
    assert torch.allclose(right, expected.handedness_logit, atol=1e-3)


def test_labels_without_weight_teach_nothing(learner: LandmarkLearner, train_batch: TrainBatch) -> None:
    """Of a photograph whose 3D isn't known, only the picture's terms are left."""
    batch = train_batch.batch
    nothing = torch.zeros_like(batch.presence)
    flat = replace(batch, weights=replace(batch.weights, joints=nothing, mesh=nothing))
    terms = learner(TrainBatch(flat, None))
    assert {name for name, value in terms.items() if value != 0} == {"pose2D", "presence", "right"}


def begun(start: dict[str, torch.Tensor] | None) -> Run:
    """A run of two steps, its network from `start` where that is given."""
    torch.manual_seed(0)
    network = build("mobrecon_lm", trained=False)
    if start is not None:
        network.load_state_dict(start)
    return Run(replace(CONFIG, minutes=None, steps=2), network, load_open_hand())


@pytest.mark.slow
def test_going_on_has_the_same_teacher(train_batch: TrainBatch, tmp_path: Path) -> None:
    """A run from weights of its own, stopped and gone on with from its checkpoint alone: equal to the bit."""
    start = build("mobrecon_lm", trained=False).state_dict()
    start["encoder.head_presence.bias"] = start["encoder.head_presence.bias"] + 0.5
    whole = begun(start)
    whole.step(whole.learner, train_batch, 0.0)
    whole.save(tmp_path)
    whole.step(whole.learner, train_batch, 0.5)
    other = begun(None)
    assert other.restore(tmp_path / "checkpoint.pt") is None
    other.step(other.learner, train_batch, 0.5)
    a, b = whole.learner.state_dict(), other.learner.state_dict()
    assert a.keys() == b.keys()
    assert all(torch.equal(value, b[name]) for name, value in a.items())


def test_a_checkpoint_without_a_teacher_is_read_and_told(tmp_path: Path) -> None:
    """As they were written before: the teacher stays the one the network began with."""
    run = begun(None)
    run.save(tmp_path)
    path = tmp_path / "checkpoint.pt"
    content = torch.load(path, weights_only=True)
    content["learner"] = {k: v for k, v in content["learner"].items() if not k.startswith("teacher.")}
    torch.save(content, path)
    told = run.restore(path)
    assert told is not None
    assert "--start FILE" in told
    del content["learner"]["network.encoder.head_presence.bias"]
    torch.save(content, path)
    with pytest.raises(ValueError, match="another version"):
        run.restore(path)


def test_it_is_for_one_network() -> None:
    with pytest.raises(ValueError, match="mobrecon_lm alone"):
        make_learner(CONFIG, torch.nn.Linear(1, 1), load_open_hand())
