"""MediaPipe's hand landmark network, rebuilt as a module that can be trained and extended.

The original (`hand_landmark_full`, Google, Apache-2.0) is an EfficientNet-lite-like chain of inverted
residual blocks: an expanding 1x1 convolution, a depthwise one, a projecting 1x1 one, with clipped ReLU. Its
batch normalisation was folded into the convolutions before it was published, so every convolution here has a
bias and there is none. `tools/build/landmark_net.py` moves the published weights into this module, all but
those of channels that never change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INPUT_SIZE = 224
"""The original's; its joints are in pixels of this crop, whatever the size of the picture it is shown."""

_BLOCKS = (  # kernel, stride, output channels; the map shrinks 112 -> 56 -> 28 -> 14 -> 7
    (3, 1, 16),
    (3, 2, 24),
    (3, 1, 24),
    (5, 2, 40),
    (5, 1, 40),
    (3, 2, 80),
    (3, 1, 80),
    (3, 1, 80),
    (5, 1, 112),
    (5, 1, 112),
    (5, 1, 112),
    (5, 2, 192),
    (5, 1, 192),
    (5, 1, 192),
    (5, 1, 192),
)
_STEM = 24
PUBLISHED_HIDDEN = (24, 64, 144, 144, 240, 240, 480, 480, 480, 672, 672, 672, 1152, 1152, 1152)
PUBLISHED_FEATURES = 1152
"""Channels of the original; the first block expands nothing."""
HIDDEN = (24, 64, 144, 144, 240, 240, 480, 480, 480, 672, 640, 640, 608, 528, 464)
"""Channels inside each block; the others answer the same to any picture (`tools.build.landmark_net`)."""
FEATURES = 512
"""Of the last map, whose mean the heads read; the others are always zero."""
_F56, _F28, _F14 = 2, 4, 10  # the last blocks at 56 x 56, 28 x 28 and 14 x 14

FEATURE_CHANNELS = (_BLOCKS[_F28][2], _BLOCKS[_F14][2], FEATURES)
"""Channels of the feature maps at 28 x 28, 14 x 14 and 7 x 7."""


class LandmarkFeatures(NamedTuple):
    """The network's inner maps, finest first."""

    f28: Tensor  # (B, 40, 28, 28)
    f14: Tensor  # (B, 112, 14, 14)
    f7: Tensor  # (B, 512, 7, 7), whose mean over the map feeds the heads


class LandmarkOutput(NamedTuple):
    """What the original network answers; the crop shows a right hand."""

    # (B, 21, 3) x, y in pixels of a crop of 224; z in the same unit, from the wrist, away from the camera
    joints_px: Tensor
    presence_logit: Tensor  # (B,) sigmoid (the original's last step): the chance that there is a hand
    handedness_logit: Tensor  # (B,) sigmoid: the chance that the hand shown is a right one
    joints_world_m: Tensor  # (B, 21, 3) metres, crop axes, about the hand's middle
    features: LandmarkFeatures


class SameConv(nn.Module):
    """A convolution with TensorFlow's "SAME" padding: with stride 2 the odd pixel goes right and below."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.low = (kernel - stride) // 2
        self.high = kernel - stride - self.low
        even = self.low == self.high
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, self.low if even else 0, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        if self.low != self.high:
            x = F.pad(x, (self.low, self.high, self.low, self.high))
        return self.conv(x)


class InOne(nn.Module):
    """Several linear layers of the same features as one product, which takes less time."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Tensor, layers: Sequence[nn.Linear]) -> Tensor:
        """(B, features) -> what the layers answer, side by side."""
        weight, bias = (torch.cat([getattr(layer, name) for layer in layers]) for name in ("weight", "bias"))
        return F.linear(x, weight, bias)

    def own_mult_adds(self, output: Tensor) -> int:
        """The layers are not called, and don't count themselves."""
        return output.numel() * self.features


class InvertedResidual(nn.Module):
    """Expand, filter each channel by itself, project; added to the input where the shapes agree."""

    def __init__(self, c_in: int, kernel: int, stride: int, hidden: int | None, c_out: int) -> None:
        """hidden: channels between expansion and projection; None: those of the input, not expanded."""
        super().__init__()
        c = hidden or c_in
        self.expand = SameConv(c_in, c, 1) if hidden else None
        self.depthwise = SameConv(c, c, kernel, stride, groups=c)
        self.project = SameConv(c, c_out, 1)
        self.residual = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.residual else y


class LandmarkNet(nn.Module):
    """224 x 224 RGB in 0..1 -> 21 landmarks, presence, handedness, world joints, feature maps.

    285 M Mult-Adds, 1.7 M parameters. Heads stay apart from the trunk (`features`), so that another decoder
    can share it at no cost (`models.networks.systems.mobrecon_lm`). Maps are named by their sides at 224.
    """

    def __init__(
        self,
        input_size: int = INPUT_SIZE,
        hidden: Sequence[int] = HIDDEN,
        features: int = FEATURES,
    ) -> None:
        """input_size: the crop's side, a multiple of 32. The last map is read by its mean, so any will do;
        but the weights are of one size: another wants teaching (`models.training.student`). hidden, features:
        as HIDDEN and FEATURES, of a network with other channels."""
        super().__init__()
        if input_size <= 0 or input_size % 32:
            raise ValueError(f"input_size: expected a multiple of 32, got {input_size}")
        self.input_size, self.hidden = input_size, tuple(hidden)
        self.stem = SameConv(3, _STEM, 3, stride=2)
        blocks: list[nn.Module] = []
        c = _STEM
        for (kernel, stride, c_out), width in zip(_BLOCKS, hidden, strict=True):
            blocks.append(InvertedResidual(c, kernel, stride, width if blocks else None, c_out))
            c = c_out
        self.blocks = nn.ModuleList(blocks)
        self.expand = SameConv(c, features, 1)
        self.depthwise = SameConv(features, features, 3, groups=features)
        self.head_joints = nn.Linear(features, 63)
        self.head_presence = nn.Linear(features, 1)
        self.head_handedness = nn.Linear(features, 1)
        self.head_world = nn.Linear(features, 63)
        self.in_one = InOne(features)
        # Asked instead of the heads for presence and handedness, where taught: attached by `zoo.build`.
        self.scores: nn.Module | None = None

    def aside(self, stride: int) -> float:
        """From where a place is read in a map of a crop of 224 to the same place in one of this size: crops.

        Padding moves a map's cells right and down by half a cell of every size above it: by
        (stride - 1) / 2 pixels of the picture, which are wider in a smaller one.
        """
        return (stride - 1) / 2 * (1 / INPUT_SIZE - 1 / self.input_size)

    def features(self, image: Tensor) -> LandmarkFeatures:
        """(B, 3, 224, 224) RGB, 0..1 -> the maps at 28, 14 and 7."""
        f28, f14 = self.early(image)
        return LandmarkFeatures(f28, f14, self.late(f14))

    def early(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, 224, 224) RGB, 0..1 -> the maps at 28 and 14: what every picture shares."""
        _, f28, f14 = self.early_maps(image)
        return f28, f14

    def early_maps(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same with the map at 56, (B, 24, 56, 56), for decoders that look up outlines."""
        size = self.input_size
        if image.shape[1:] != (3, size, size):
            raise ValueError(f"image: expected (B, 3, {size}, {size}), got {tuple(image.shape)}")
        x = F.relu6(self.stem(image))
        for block in self.blocks[: _F56 + 1]:
            x = block(x)
        f56 = x
        for block in self.blocks[_F56 + 1 : _F28 + 1]:
            x = block(x)
        f28 = x
        for block in self.blocks[_F28 + 1 : _F14 + 1]:
            x = block(x)
        return f56, f28, x

    def early_state(self) -> dict[str, Tensor]:
        """The weights of `early`, by name."""
        parts = {"stem": self.stem, "blocks": self.blocks[: _F14 + 1]}
        return {
            f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()
        }

    def late(self, f14: Tensor) -> Tensor:
        """(B, 112, 14, 14) -> (B, 512, 7, 7): what is particular to hands."""
        for block in self.blocks[_F14 + 1 :]:
            f14 = block(f14)
        return F.relu6(self.depthwise(F.relu6(self.expand(f14))))

    def answer(self, features: LandmarkFeatures) -> LandmarkOutput:
        """What the heads say of the maps."""
        v = features.f7.mean((2, 3))
        heads = (self.head_joints, self.head_world, self.head_presence, self.head_handedness)
        joints, world, presence, handedness = self.in_one(v, heads).split([63, 63, 1, 1], 1)
        output = LandmarkOutput(
            joints.unflatten(1, (21, 3)),
            presence[:, 0],
            handedness[:, 0],
            world.unflatten(1, (21, 3)),
            features,
        )
        if self.scores is None:
            return output
        presence, handedness = self.scores(output)
        return output._replace(presence_logit=presence, handedness_logit=handedness)

    def forward(self, image: Tensor) -> LandmarkOutput:
        """(B, 3, 224, 224) RGB, 0..1, a right hand's crop -> LandmarkOutput."""
        return self.answer(self.features(image))

    def freeze_early(self) -> None:
        """Keep `early` as it is in training; the rest may learn."""
        for module in (self.stem, *self.blocks[: _F14 + 1]):
            module.requires_grad_(False)
