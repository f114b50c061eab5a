"""Coordinates from line-shaped maps ("lixels"): one softmax over the bins of each axis (Moon and Lee 2020).

Averaging a map along one image axis leaves a line of features for the other; a few dilated 1D convolutions
turn it into one row of bins per point, and the expected bin is the coordinate (Tang et al., eq. 1).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

BINS = 64


def soft_argmax(logits: Tensor) -> Tensor:
    """(..., bins) -> (...,) expected place of the bin, 0..1 from border to border."""
    bins = logits.shape[-1]
    centres = (torch.arange(bins, device=logits.device, dtype=logits.dtype) + 0.5) / bins
    return (logits.softmax(-1) * centres).sum(-1)


def conv_bn_relu_1d(c_in: int, c_out: int, dilation: int = 1) -> nn.Sequential:
    """3-wide 1D convolution that keeps the length, batch normalisation, ReLU."""
    conv = nn.Conv1d(c_in, c_out, 3, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(c_out), nn.ReLU())


def widen_1d(c_in: int, c_out: int) -> nn.Sequential:
    """Doubles the length of a line of features."""
    conv = nn.ConvTranspose1d(c_in, c_out, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(c_out), nn.ReLU())


class LixelAxis(nn.Module):
    """(B, C, bins) line features -> (B, points) coordinates, 0..1."""

    def __init__(self, c_in: int, points: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            conv_bn_relu_1d(c_in, width),
            conv_bn_relu_1d(width, width, dilation=2),
            conv_bn_relu_1d(width, width, dilation=4),
            nn.Conv1d(width, points, 1),
        )

    def forward(self, line: Tensor) -> Tensor:
        return soft_argmax(self.layers(line))


class LixelDepth(nn.Module):
    """(B, C) pooled features -> (B, points) depth, 0..1: the block Phi of eq. 1 turns channels into bins."""

    def __init__(self, c_in: int, points: int, width: int) -> None:
        super().__init__()
        if c_in % BINS:
            raise ValueError(f"channels: expected a multiple of {BINS}, got {c_in}")
        self.fc = nn.Sequential(nn.Linear(c_in, c_in, bias=False), nn.BatchNorm1d(c_in), nn.ReLU())
        self.axis = LixelAxis(c_in // BINS, points, width)

    def forward(self, pooled: Tensor) -> Tensor:
        return self.axis(self.fc(pooled).unflatten(1, (-1, BINS)))
