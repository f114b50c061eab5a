"""GhostStack (MobRecon, section 3.1): the stacked encoder from ghost operations.

The paper gives the operation (Han et al., CVPR 2020) and the totals, not the widths: these are chosen to meet
both. At 128 x 128: 96.6 M Mult-Adds (paper 96.2), 4.8 M parameters (paper 5.0).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.networks.encoders.stack import Maps, SqueezeExcitation, StackedEncoder, Widths, conv_bn, fold

WIDTHS: Widths = (32, 80, 192, 1024)


class GhostConv(nn.Module):
    """Half of the channels by a convolution, the other half from those by a cheap 3x3 on each channel."""

    def __init__(self, c_in: int, c_out: int, kernel: int = 1) -> None:
        super().__init__()
        self.primary = conv_bn(c_in, c_out // 2, kernel)
        self.cheap = conv_bn(c_out // 2, c_out // 2, 3, groups=c_out // 2)

    def forward(self, x: Tensor) -> Tensor:
        primary = self.primary(x)
        return torch.cat([primary, self.cheap(primary)], 1)


class GhostBlock(nn.Module):
    """Ghost convolution to `c_middle`, squeeze-excitation, ghost convolution to `c_out`, shortcut."""

    def __init__(self, c_in: int, c_middle: int, c_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            GhostConv(c_in, c_middle), SqueezeExcitation(c_middle), GhostConv(c_middle, c_out)
        )
        self.shortcut = nn.Identity() if c_in == c_out else conv_bn(c_in, c_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) + self.shortcut(x)


class GhostDown(nn.Module):
    """(B, 32, 32, 32) -> Maps: one block a size, average pooling between them, two blocks at 4 x 4."""

    def __init__(self) -> None:
        super().__init__()
        c32, c16, c8, c4 = WIDTHS
        self.blocks = nn.ModuleList(
            [
                GhostBlock(c32, 2 * c32, c32),
                GhostBlock(c32, 2 * c16, c16),
                GhostBlock(c16, 2 * c8, c8),
                nn.Sequential(GhostBlock(c8, c4, c4), GhostBlock(c4, c4 // 2, c4)),
            ]
        )

    def forward(self, x: Tensor) -> Maps:
        x32 = self.blocks[0](x)
        x16 = self.blocks[1](F.avg_pool2d(x32, 2))
        x8 = self.blocks[2](F.avg_pool2d(x16, 2))
        return x32, x16, x8, self.blocks[3](F.avg_pool2d(x8, 2))


def ghoststack(C_e: int = 256) -> StackedEncoder:
    """The encoder with DenseStack's stem at half its width."""
    stem = nn.Sequential(conv_bn(3, 32, 3, stride=2), GhostConv(32, 64), fold(64, WIDTHS[0]))
    return StackedEncoder(stem, (GhostDown(), GhostDown()), WIDTHS[0], WIDTHS, GhostConv, C_e)
