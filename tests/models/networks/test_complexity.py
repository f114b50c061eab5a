"""Counting by hand, and the papers' figures."""

import pytest
import torch
from torch import nn

from models.networks.complexity import count_by_part, count_mult_adds, count_parameters
from tools.paper_sizes import MOBRECON, PaperSize, measure


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Conv2d(3, 8, 3, stride=2, padding=1), (1, 3, 16, 16), 8 * 8 * 8 * 27),
        (nn.Conv2d(8, 8, 3, padding=1, groups=8), (1, 8, 16, 16), 16 * 16 * 8 * 9),
        (nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1), (1, 4, 8, 8), 8 * 8 * 4 * 6 * 16),
        (nn.Conv1d(4, 6, 3, padding=1), (1, 4, 10), 10 * 4 * 6 * 3),
        (nn.Linear(5, 7), (1, 21, 5), 21 * 35),
        (nn.LSTM(4, 6, batch_first=True), (2, 9, 4), 18 * 4 * 6 * (4 + 6)),
        (nn.BatchNorm2d(4), (1, 4, 8, 8), 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_layers_by_hand(layer: nn.Module, shape: tuple[int, ...], expected: int) -> None:
    assert count_mult_adds(layer, torch.zeros(shape)) == expected


def test_parts_add_up_and_a_layer_used_twice_counts_twice() -> None:
    inner = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    parts = count_by_part(nn.Sequential(inner, inner, nn.Linear(4, 2)), torch.zeros(1, 4))
    assert parts[""] == 16 + 16 + 8
    assert parts["0"] == parts["0.0"] == 32
    assert parts["2"] == 8


def test_the_network_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train()
    count_mult_adds(network, torch.ones(1, 3, 4, 4))
    assert network.training
    assert network[1].running_mean.abs().max() == 0
    assert not network[0]._forward_hooks
    assert count_parameters(network) == 16 + 8


@pytest.mark.parametrize("size", MOBRECON, ids=lambda size: size.what)
def test_mult_adds_are_the_papers(size: PaperSize) -> None:
    mult_adds, _ = measure(size)
    assert abs(mult_adds - size.mult_adds_m) <= size.slack_m
