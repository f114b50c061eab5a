"""ResNet-stacks (MobRecon, Tables 1 and 6; M3DHMR): two ResNets without their stems, one after the other.

MobRecon gives only the totals of its ResNet18-stack, and no public code has it; the stem's four residual
blocks at 64 x 64 are chosen to meet them. At 128 x 128, ResNet18: 2380 M Mult-Adds (paper 2391.3), 23.0 M
parameters (paper 25.2: its way up is probably wider, where parameters cost few Mult-Adds).
"""

from __future__ import annotations

from torch import Tensor, nn

from models.networks.encoders.resnet import BasicBlock, ResNet
from models.networks.encoders.stack import Maps, StackedEncoder, conv_bn

_STEM_BLOCKS = 4


class ResNetDown(nn.Module):
    """(B, 64, 32, 32) -> Maps: the four stages of a ResNet."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.stages = ResNet(depth, c_in=64, stem=False)

    def forward(self, x: Tensor) -> Maps:
        x32, x16, x8, x4 = self.stages(x)
        return x32, x16, x8, x4


def resnetstack(depth: int, C_e: int = 256) -> StackedEncoder:
    """The encoder with ResNet-18, -34 or -50 stages."""
    stem = nn.Sequential(
        conv_bn(3, 64, 7, stride=2), *(BasicBlock(64, 64) for _ in range(_STEM_BLOCKS)), nn.MaxPool2d(3, 2, 1)
    )
    downs = ResNetDown(depth), ResNetDown(depth)
    c32, c16, c8, c4 = downs[0].stages.channels
    return StackedEncoder(stem, downs, 64, (c32, c16, c8, c4), conv_bn, C_e)
