"""The head on the palm network's map: its graph against torch, and what its answers mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.inference.bundle import BUNDLE, compile_bundled
from models.inference.palm_maps import BASE, CELLS, CHANNELS, LAYERS, N_ANSWERS, REACH, add_head, add_map
from models.inference.palm_runtime import INPUT_SIZE, NETWORK, PalmNet
from models.inference.proposals import proposals
from models.training.palms.head import HAND, PalmHead, loss, target
from models.training.palms.squares import Square

PICTURE = np.random.default_rng(0).integers(0, 255, (INPUT_SIZE, INPUT_SIZE, 3), dtype=np.uint8)


def answers_of(hand: Square, log_odds: float = 5.0) -> np.ndarray:
    """What a perfect head would answer."""
    wanted = target([hand])
    score = np.where(wanted[..., 0] == HAND, log_odds, -9.0)
    return np.moveaxis(np.concatenate([score[..., None], wanted[..., 1:]], -1), -1, 0).astype(np.float32)


def test_the_graph_is_the_head_that_was_taught_and_changes_nothing_else() -> None:
    torch.manual_seed(0)
    head = PalmHead()
    weights = {k: v.numpy() for k, v in head.state_dict().items()}
    assert {f"{k}.weight" for k in LAYERS} < set(weights)
    plain, with_map, with_head = (
        compile_bundled(NETWORK, BUNDLE, change=change).create_infer_request()
        for change in (lambda model: None, add_map, lambda model: add_head(model, weights))
    )
    shown = PICTURE[None].astype(np.float32) / 255
    for request in (plain, with_map, with_head):
        request.infer({0: shown})
    seen = with_map.get_output_tensor(2).data
    assert seen.shape == (1, CHANNELS, CELLS, CELLS)
    with torch.no_grad():
        expected = head(torch.from_numpy(seen.copy())).numpy()
    answers = with_head.get_output_tensor(2).data
    assert answers.shape == (1, N_ANSWERS, CELLS, CELLS)
    assert np.abs(answers - expected).max() < 1e-4 * np.abs(expected).max()
    for k in range(2):
        assert np.array_equal(plain.get_output_tensor(k).data, with_head.get_output_tensor(k).data)


@pytest.mark.parametrize("middle", [(96.0, 100.0), (20.0, 150.0), (-30.0, 100.0)])
def test_a_square_that_was_taught_is_proposed(middle: tuple[float, float]) -> None:
    up = np.array([np.sin(0.7), -np.cos(0.7)])
    hand = Square(np.array(middle), np.array(middle) + 10 * up, 150.0, up)
    found = proposals(answers_of(hand), 0.5)
    assert len(found) == 1, "many cells propose one hand"
    assert np.abs(found.centres[0] * INPUT_SIZE - 0.5 - hand.centre).max() < 0.01
    assert abs(found.sides[0] * INPUT_SIZE - 150) < 0.01
    assert np.abs(found.ups[0] - up).max() < 1e-5


def test_nonsense_proposes_nothing() -> None:
    answers = np.full((N_ANSWERS, CELLS, CELLS), np.nan, np.float32)
    assert len(proposals(answers, 0.1)) == 0
    answers[0] = 9.0
    assert len(proposals(answers, 0.1)) == 0, "a square that is not a number"


def test_a_right_answer_costs_nothing_and_cells_that_may_propose_are_left_alone() -> None:
    hand = Square(np.array([90.0, 90.0]), np.array([90.0, 80.0]), 120.0, np.array([0.0, -1.0]))
    wanted = torch.from_numpy(target([hand]).reshape(-1, N_ANSWERS))
    right = torch.from_numpy(answers_of(hand, 9.0).reshape(N_ANSWERS, -1).T.copy())
    assert float(loss(right, wanted)) < 1e-3
    wrong = right.clone()
    wrong[:, 0] = -9.0
    assert float(loss(wrong, wanted)) > 1
    assert abs(float(wanted[wanted[:, 0] == HAND][0, 3]) - np.log(120 / INPUT_SIZE / BASE)) < 1e-6
    assert REACH * float(wanted[:, 1:3].abs().max()) < 0.5


def test_without_a_head_only_palms_are_proposed() -> None:
    net = PalmNet(head={})
    net(PICTURE)
    assert len(net.proposals(0.01)) == 0
