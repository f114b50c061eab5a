"""Coordinates from lines of bins."""

import pytest
import torch

from models.networks.layers.lixel import BINS, LixelAxis, LixelDepth, soft_argmax


def test_a_sharp_peak_gives_its_bin() -> None:
    logits = torch.full((BINS, BINS), 0.0)
    logits.fill_diagonal_(100.0)
    assert torch.allclose(soft_argmax(logits), (torch.arange(BINS) + 0.5) / BINS)


def test_two_equal_peaks_give_the_middle() -> None:
    logits = torch.zeros(BINS)
    logits[[10, 20]] = 100.0
    assert soft_argmax(logits) == pytest.approx(15.5 / BINS)


def test_axis_follows_the_line() -> None:
    """A line moved by some bins moves the coordinate by as many (away from the ends)."""
    torch.manual_seed(0)
    axis = LixelAxis(4, 3, 8).eval()
    with torch.no_grad():
        axis.layers[-1].weight.mul_(1e4)  # peaks so sharp that the ends don't matter
        line = torch.zeros(1, 4, BINS)
        line[:, :, 28:32] = torch.randn(1, 4, 4)
        moved = axis(line.roll(6, -1)) - axis(line)
    assert torch.allclose(moved, torch.full_like(moved, 6 / BINS), atol=1e-3)


def test_depth_needs_channels_for_its_bins() -> None:
    assert LixelDepth(128, 5, 8)(torch.randn(4, 128)).shape == (4, 5)
    with pytest.raises(ValueError, match="multiple of 64, got 100"):
        LixelDepth(100, 5, 8)
