"""The landmark recipe: what moves, what stays, and what its decoder's inputs are taught."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.hand.hand_data import load_open_hand
from models.networks.mobrecon_lm import MobReconLm
from models.networks.zoo import build
from models.training.config import SCHEDULES
from models.training.feed import Lesson
from models.training.landmark import LandmarkLearner
from models.training.trainer import make_learner, make_optimiser
from tests.models.training.tiny_source import TinySource

CONFIG = replace(SCHEDULES["landmark"], threads=1)


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return Lesson(TinySource.of(224, 3).batch(0, 4), None)


@pytest.fixture(scope="module")
def learner() -> LandmarkLearner:
    torch.manual_seed(0)
    network = build("mobrecon_lm", trained=False)
    assert isinstance(network, MobReconLm)
    return LandmarkLearner(CONFIG, network, load_open_hand())


def test_one_step(learner: LandmarkLearner, lesson: Lesson) -> None:
    """Everything above the 14 x 14 map learns, the decoder faster; nothing below it moves."""
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    optimiser = make_optimiser(CONFIG, learner)
    rates = [CONFIG.rate, CONFIG.rate / 100, CONFIG.new_rate]
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx(rates)
    terms = learner(lesson)
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


def test_the_frozen_part_says_what_torch_says(learner: LandmarkLearner, lesson: Lesson) -> None:
    """OpenVINO's map and scores are torch's."""
    network = build("mobrecon_lm", trained=False)
    with torch.no_grad():
        expected = network.encoder(lesson.batch.images)  # type: ignore[operator, union-attr]
    f14, presence, right = learner._original(lesson.batch.images)
    assert torch.allclose(f14, expected.features.f14, atol=1e-3)
    assert torch.allclose(presence, expected.presence_logit, atol=1e-3)
    assert torch.allclose(right, expected.handedness_logit, atol=1e-3)


def test_labels_without_trust_teach_nothing(learner: LandmarkLearner, lesson: Lesson) -> None:
    """Of a photograph whose 3D isn't known, only the picture's terms are left."""
    batch = lesson.batch
    nothing = torch.zeros_like(batch.presence)
    flat = replace(batch, trust=replace(batch.trust, joints=nothing, mesh=nothing))
    terms = learner(Lesson(flat, None))
    assert {name for name, value in terms.items() if value != 0} == {"pose2D", "presence", "right"}


def test_it_is_for_one_network() -> None:
    with pytest.raises(ValueError, match="mobrecon_lm alone"):
        make_learner(CONFIG, torch.nn.Linear(1, 1), load_open_hand())
