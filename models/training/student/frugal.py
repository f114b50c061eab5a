"""The landmark encoder's maps with gradients, in less time on a CPU than autograd takes by itself.

A clipped ReLU that follows a convolution is done in place: one array less to write, keep and read. A
depthwise convolution's weights, 25 numbers a channel, take their gradient from a part of the crops: over all
of them it is the slowest step of the network, and the mean over a part says the same. Arrays are
channels-last, as oneDNN likes them. `tools.train.measure_teaching` says what each is worth.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from models.networks.encoders.landmark_net import InvertedResidual, LandmarkFeatures, LandmarkNet, SameConv

WEIGHTS_FROM = 4
"""One of so many crops gives the gradient of depthwise weights."""
_LOW, _HIGH = 0.0, 6.0
_backward = torch.ops.aten.convolution_backward
_clip_backward = torch.ops.aten.hardtanh_backward


def frugal_maps(net: LandmarkNet, images: Tensor) -> tuple[Tensor, LandmarkFeatures]:
    """(B, 3, S, S) RGB, 0..1 -> the map at 56 and `net.features`, to be learnt from."""
    x = _clipped(net.stem, images.contiguous(memory_format=torch.channels_last))
    maps: dict[int, Tensor] = {}
    for block in net.blocks:
        assert isinstance(block, InvertedResidual)
        x = _block(block, x)
        maps[x.shape[-1]] = x  # the last of each side stays
    eighth, sixteenth, quarter = (maps[images.shape[-1] // n] for n in (8, 16, 4))
    f7 = _clipped(net.depthwise, _clipped(net.expand, x))
    return quarter, LandmarkFeatures(eighth, sixteenth, f7)


def _block(block: InvertedResidual, x: Tensor) -> Tensor:
    y = x if block.expand is None else _clipped(block.expand, x)
    y = block.project(_clipped(block.depthwise, y))
    return x + y if block.residual else y


def _clipped(layer: SameConv, x: Tensor) -> Tensor:
    """relu6(layer(x))"""
    conv = layer.conv
    if layer.low != layer.high:
        x = F.pad(x, (layer.low, layer.high, layer.low, layer.high))
    if conv.groups == 1:
        return F.relu6(conv(x), inplace=True)
    clipped: Tensor = _DepthwiseClipped.apply(x, conv.weight, conv.bias, conv.stride[0], int(conv.padding[0]))
    return clipped


class _DepthwiseClipped(torch.autograd.Function):
    """relu6 of a depthwise convolution."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
        y = F.conv2d(x, weight, bias, stride, padding, groups=x.shape[1]).clamp_(_LOW, _HIGH)
        ctx.save_for_backward(x, weight, y)
        ctx.settings = [stride] * 2, [padding] * 2
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, y = ctx.saved_tensors
        stride, padding = ctx.settings
        g = _clip_backward(gradients[0], y, _LOW, _HIGH)
        B, C = x.shape[:2]

        def part(rows: slice, wanted: list[bool]) -> tuple[Tensor, ...]:
            found: tuple[Tensor, ...] = _backward(
                g[rows], x[rows], weight, None, stride, padding, [1, 1], False, [0, 0], C, wanted
            )
            return found

        n = max(1, B // WEIGHTS_FROM)
        to_x = part(slice(None), [True, False, False])[0] if ctx.needs_input_grad[0] else None
        to_weight = part(slice(n), [False, True, False])[1] * (B / n)
        return to_x, to_weight, g.sum((0, 2, 3)), None, None
