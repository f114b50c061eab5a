"""The two-stack encoder of MobRecon (section 3.1, Figure 3), for any kind of block.

A stem makes a 32 x 32 map. The first stack goes down to 4 x 4 and up again; its answer joins the stem's map.
The second stack goes down; its 4 x 4 map becomes the encoding F^e. The way up of the second stack belongs to
the 2D part (`models.networks.layers.heads`), because only that reads it: so the paper's figures are split.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

C_OUT = 24
"""Channels of a stack's answer."""

Maps = tuple[Tensor, Tensor, Tensor, Tensor]
"""A stack's maps on the way down: 32 x 32, 16 x 16, 8 x 8, 4 x 4 for a crop of 128 x 128."""

Widths = tuple[int, int, int, int]
"""Their channels."""

ConvKind = Callable[[int, int, int], nn.Module]
"""Makes a convolution with its normalisation and ReLU, from C_in, C_out and the kernel's size."""


class Encoding(NamedTuple):
    """What an encoder hands on."""

    F_e: Tensor  # (B, C^e, 4, 4) the encoding
    maps: Maps  # of the second stack
    first: Tensor  # (B, 24, 32, 32) the first stack's answer; supervised with heatmaps in pre-training


def conv_bn(c_in: int, c_out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """A convolution that keeps the size (divided by the stride), batch normalisation, ReLU."""
    conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU(inplace=True))


def separable(c_in: int, c_out: int) -> nn.Sequential:
    """Depthwise-separable unit: 3x3 for each channel, then 1x1 across channels."""
    return nn.Sequential(conv_bn(c_in, c_in, 3, groups=c_in), conv_bn(c_in, c_out))


def fold(c_in: int, c_out: int) -> nn.Sequential:
    """Space to depth and a 1x1 convolution: (B, C_in, H, W) -> (B, C_out, H / 2, W / 2).

    Written as the one 2x2 convolution with stride 2 that both together are: the same weights and Mult-Adds,
    but no rearranging of the map, which took an eighth of GhostStack's time in OpenVINO.
    """
    conv = nn.Conv2d(c_in, c_out, 2, stride=2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU(inplace=True))


class SqueezeExcitation(nn.Module):
    """Channels weighted by what the whole map shows (Hu et al., CVPR 2018)."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, channels)

    def forward(self, x: Tensor) -> Tensor:
        weight = torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3))))))
        return x * weight[:, :, None, None]


def double(x: Tensor) -> Tensor:
    """Nearest-neighbour up-sampling by two."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Up(nn.Module):
    """A stack's way up: nearest up-sampling with skip sums, 4 x 4 -> 16 x 16, and to 32 x 32 if `full`.

    Maps -> (B, 24, 16, 16) or (B, 24, 32, 32). `skip=False` leaves the sums out (MobRecon, Table 2).
    """

    def __init__(self, widths: Widths, conv: ConvKind, full: bool, skip: bool = True) -> None:
        super().__init__()
        c32, c16, c8, c4 = widths
        self.skip = skip
        self.from4 = conv(c4, c8, 1)
        self.mix8 = conv(c8, c8, 1)
        self.from8 = conv(c8, c16, 1)
        self.out16 = conv(c16, C_OUT, 3)
        self.side32 = conv(c32, C_OUT, 1) if full else None
        self.out32 = conv(C_OUT, C_OUT, 3) if full else None

    def _add(self, x: Tensor, skipped: Tensor) -> Tensor:
        return double(x) + skipped if self.skip else double(x)

    def forward(self, maps: Maps) -> Tensor:
        x32, x16, x8, x4 = maps
        u8 = self.mix8(self._add(self.from4(x4), x8))
        u16 = self.out16(self._add(self.from8(u8), x16))
        if self.side32 is None or self.out32 is None:
            return u16
        return self.out32(self._add(u16, self.side32(x32)))


class StackedEncoder(nn.Module):
    """Stem, first stack, fusion, second stack's way down.

    (B, 3, S, S) -> Encoding. Each way down maps the stem's (B, C, S / 4, S / 4) to Maps with these `widths`.
    """

    def __init__(
        self,
        stem: nn.Module,
        downs: tuple[nn.Module, nn.Module],
        c_stem: int,
        widths: Widths,
        conv: ConvKind,
        C_e: int,
    ) -> None:
        super().__init__()
        self.widths, self.conv_kind, self.C_e = widths, conv, C_e
        self.stem = stem
        self.down1, self.down2 = downs
        self.up1 = Up(widths, conv, full=True)
        self.fuse = conv_bn(C_OUT, c_stem)
        self.project = nn.Conv2d(widths[3], C_e, 1)

    def forward(self, crops: Tensor) -> Encoding:
        x = self.stem(crops)
        first = self.up1(self.down1(x))
        maps = self.down2(x + self.fuse(first))
        return Encoding(self.project(maps[3]), maps, first)
