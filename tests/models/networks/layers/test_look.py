"""Looking maps up: as `grid_sample` does."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from models.networks.layers.look import look


def test_gradients_are_those_of_grid_sample() -> None:
    torch.manual_seed(1)
    m, places, wanted = torch.randn(2, 5, 14, 14), torch.rand(2, 30, 2), torch.randn(2, 30, 5)
    found = []
    for mine in (True, False):
        inputs = [x.clone().requires_grad_() for x in (m, places)]
        if mine:
            (seen,) = look(inputs[:1], *inputs[1].unbind(-1))
        else:
            grid = inputs[1][:, None] * 2 - 1
            seen = F.grid_sample(inputs[0], grid, align_corners=False, padding_mode="border")[:, :, 0]
            seen = seen.transpose(1, 2)
        found.append(torch.autograd.grad((seen * wanted).sum(), inputs))
    for a, b in zip(*found, strict=True):
        assert (a - b).abs().max() < 1e-4


def test_what_is_looked_up_is_what_grid_sample_finds() -> None:
    """Between pixels, on the border and beyond it, in maps of several sizes and pictures."""
    torch.manual_seed(0)
    maps = [torch.randn(3, 5, 56, 56), torch.randn(3, 4, 14, 14)]
    places = torch.rand(3, 40, 2) * 1.4 - 0.2
    places[:, :4] = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.5, 1.0], [1.0, 0.25]])
    found = look(maps, *places.unbind(-1))
    for m, seen in zip(maps, found, strict=True):
        grid = places[:, None] * 2 - 1
        expected = F.grid_sample(m, grid, align_corners=False, padding_mode="border")[:, :, 0]
        assert (seen - expected.transpose(1, 2)).abs().max() < 1e-5
