"""Stacked hourglass (Newell et al., ECCV 2016) in HAMR's form: the encoder of HAMR.

A 256 x 256 crop -> a 64 x 64 map, which each hourglass halves four times and brings back, adding at every
size what it had on the way down. As HAMR says, plain 3x3 convolutions with batch normalisation stand for the
residual modules, and average pooling for maximum pooling; the width inside is not stated there.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


def conv_bn_relu(c_in: int, c_out: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution that keeps the size (divided by the stride), batch normalisation, ReLU."""
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU())


class Hourglass(nn.Module):
    """One hourglass of `depth` halvings: (B, C, S, S) -> (B, C, S, S)."""

    def __init__(self, channels: int, depth: int = 4) -> None:
        super().__init__()
        self.skip = conv_bn_relu(channels, channels)
        self.down = conv_bn_relu(channels, channels)
        self.inner = Hourglass(channels, depth - 1) if depth > 1 else conv_bn_relu(channels, channels)
        self.up = conv_bn_relu(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        low = self.up(self.inner(self.down(F.avg_pool2d(x, 2))))
        return self.skip(x) + F.interpolate(low, scale_factor=2.0, mode="nearest")


class StackedHourglass(nn.Module):
    """(B, 3, 256, 256) -> one (B, maps, 64, 64) answer per stack, the last one the finest.

    `channels` is the width inside. Every stack but the last feeds its answer into the next one's input.
    """

    def __init__(self, maps: int = 64, channels: int = 128, stacks: int = 2) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv_bn_relu(3, channels // 2, 7, stride=2),
            nn.AvgPool2d(2),
            conv_bn_relu(channels // 2, channels),
        )
        self.hourglasses = nn.ModuleList(Hourglass(channels) for _ in range(stacks))
        self.features = nn.ModuleList(conv_bn_relu(channels, channels, 1) for _ in range(stacks))
        self.answers = nn.ModuleList(nn.Conv2d(channels, maps, 1) for _ in range(stacks))
        self.answers_back = nn.ModuleList(nn.Conv2d(maps, channels, 1) for _ in range(stacks - 1))

    def forward(self, crops: Tensor) -> list[Tensor]:
        x = self.stem(crops)
        maps: list[Tensor] = []
        for i, hourglass in enumerate(self.hourglasses):
            features = self.features[i](hourglass(x))
            maps.append(self.answers[i](features))
            if i < len(self.answers_back):
                x = x + features + self.answers_back[i](maps[-1])
        return maps
