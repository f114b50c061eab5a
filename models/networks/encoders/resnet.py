"""A small ResNet (He et al., CVPR 2016), with every stage's map exposed.

Layers are named as in the widely shared checkpoints (conv1, bn1, layer1.0.conv1, ... downsample.0), so a
user's ImageNet weights load by name.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

_LAYERS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}


def _conv_bn(c_in: int, c_out: int, kernel: int, stride: int = 1) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
    return conv, nn.BatchNorm2d(c_out)


def _shortcut(c_in: int, c_out: int, stride: int) -> nn.Module:
    if stride == 1 and c_in == c_out:
        return nn.Identity()
    return nn.Sequential(*_conv_bn(c_in, c_out, 1, stride))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: the block of ResNet-18 and -34."""

    expansion = 1

    def __init__(self, c_in: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv_bn(c_in, width, 3, stride)
        self.conv2, self.bn2 = _conv_bn(width, width, 3)
        self.downsample = _shortcut(c_in, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 and a shortcut: the block of ResNet-50. The stride sits in the 3x3 convolution."""

    expansion = 4

    def __init__(self, c_in: int, width: int, stride: int = 1) -> None:
        super().__init__()
        c_out = width * self.expansion
        self.conv1, self.bn1 = _conv_bn(c_in, width, 1)
        self.conv2, self.bn2 = _conv_bn(width, width, 3, stride)
        self.conv3, self.bn3 = _conv_bn(width, c_out, 1)
        self.downsample = _shortcut(c_in, c_out, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


def residual_layer(depth: int, c_in: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    """One stage: `blocks` residual blocks of the depth's kind, the first with the stride."""
    kind = Bottleneck if depth >= 50 else BasicBlock
    c = width * kind.expansion
    rest = [kind(c, width) for _ in range(blocks - 1)]
    return nn.Sequential(kind(c_in, width, stride), *rest)


class ResNet(nn.Module):
    """ResNet-18, -34 or -50 without its classifier.

    (B, C, H, W) -> five maps at strides 2, 4, 8, 16, 32: the stem's (64 channels), then one per stage;
    `channels` tells how many each has. `c_in` other than 3 serves inputs that are feature maps, and
    `stem=False` leaves out the first convolution and pooling: then the input enters stage one directly
    (stride 1), `c_in` channels wide, and only four maps come back, at strides 1, 2, 4, 8 of the input.
    """

    def __init__(self, depth: int = 18, c_in: int = 3, stem: bool = True) -> None:
        super().__init__()
        if depth not in _LAYERS:
            raise ValueError(f"depth: expected one of {sorted(_LAYERS)}, got {depth}")
        e = 4 if depth >= 50 else 1
        self.channels = ((64,) if stem else ()) + (64 * e, 128 * e, 256 * e, 512 * e)
        self.has_stem = stem
        if stem:
            self.conv1, self.bn1 = _conv_bn(c_in, 64, 7, stride=2)
        c = 64 if stem else c_in
        for i, (blocks, width) in enumerate(zip(_LAYERS[depth], (64, 128, 256, 512), strict=True)):
            self.add_module(f"layer{i + 1}", residual_layer(depth, c, width, blocks, 1 if i == 0 else 2))
            c = width * e

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = []
        if self.has_stem:
            x = F.relu(self.bn1(self.conv1(x)))
            maps.append(x)
            x = F.max_pool2d(x, 3, 2, 1)
        for i in range(1, 5):
            x = self.get_submodule(f"layer{i}")(x)
            maps.append(x)
        return tuple(maps)
