"""DenseStack (MobRecon, section 3.1): dense blocks with squeeze-excitation.

At 128 x 128: 371.0 M Mult-Adds (paper 373.0), 6.9 M parameters (paper 6.6).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.networks.encoders.stack import (
    Maps,
    SqueezeExcitation,
    StackedEncoder,
    Widths,
    conv_bn,
    fold,
    separable,
)

WIDTHS: Widths = (128, 256, 512, 1024)


class DenseBlock(nn.Module):
    """Four depthwise-separable layers, each reading all before it (Huang et al. 2017). Doubles the width.

    (B, C, H, W) -> (B, 2 C, H, W), weighted by squeeze-excitation.
    """

    def __init__(self, channels: int, layers: int = 4) -> None:
        super().__init__()
        growth = channels // layers
        self.layers = nn.ModuleList(separable(channels + i * growth, growth) for i in range(layers))
        self.weigh = SqueezeExcitation(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return self.weigh(x)


class DenseDown(nn.Module):
    """(B, 128, 32, 32) -> Maps: dense block and average pooling three times, one more unit at 4 x 4."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(DenseBlock(c) for c in WIDTHS[:3])
        self.last = nn.Sequential(separable(WIDTHS[3], WIDTHS[3]), SqueezeExcitation(WIDTHS[3]))

    def forward(self, x: Tensor) -> Maps:
        x32 = x
        x16, x8, x4 = (x := F.avg_pool2d(block(x), 2) for block in self.blocks)
        return x32, x16, x8, self.last(x4)


def densestack(C_e: int = 256) -> StackedEncoder:
    """The encoder with the stem of Figure 3: 64 x 64 x 128, space to depth, 32 x 32 x 128."""
    stem = nn.Sequential(conv_bn(3, 64, 3, stride=2), separable(64, 128), fold(128, WIDTHS[0]))
    return StackedEncoder(stem, (DenseDown(), DenseDown()), WIDTHS[0], WIDTHS, conv_bn, C_e)
