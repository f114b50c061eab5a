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
    if conv.groups == 1:
        return F.relu6(layer(x), inplace=True)
    clipped: Tensor = _DepthwiseClipped.apply(
        x, conv.weight, conv.bias, conv.stride[0], layer.low, layer.high
    )
    return clipped


class _DepthwiseClipped(torch.autograd.Function):
    """relu6 of a depthwise convolution, padded by `low` before and `high` after."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: int, low: int, high: int
    ) -> Tensor:
        kernel = weight
        if low < high:  # one more row and column of zeros before: no padded copy of x, nor of its gradient
            kernel = F.pad(weight, (1, 0, 1, 0)).contiguous(memory_format=torch.channels_last)
        y = F.conv2d(x, kernel, bias, stride, high, groups=x.shape[1]).clamp_(_LOW, _HIGH)
        ctx.save_for_backward(x, kernel, y)
        ctx.settings = weight.shape[-1], stride, low, high
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, kernel, y = ctx.saved_tensors
        side, stride, low, high = ctx.settings
        g = _clip_backward(gradients[0], y, _LOW, _HIGH)
        to_x = None
        if ctx.needs_input_grad[0]:
            to_x = _convolution_backward(g, x, kernel, stride, high, [True, False, False])[0]
        n = max(1, len(x) // WEIGHTS_FROM)
        to_weight = _to_weight(g[:n], x[:n], side, stride, low, high) * (len(x) / n)
        return to_x, to_weight, g.sum((0, 2, 3)), None, None, None


def _to_weight(g: Tensor, x: Tensor, side: int, stride: int, low: int, high: int) -> Tensor:
    """(C, 1, side, side) the weights' gradient. oneDNN has a fast one of 3 x 3 only: a larger one is taken
    number by number."""
    x = F.pad(x, (low, high, low, high))
    C, H, W = g.shape[1:]
    if side == 3:
        return _convolution_backward(g, x, g.new_empty(C, 1, side, side), stride, 0, [False, True, False])[1]
    numbers, product = g.new_empty(side * side, C), torch.empty_like(g)
    for n in range(side * side):
        i, j = divmod(n, side)
        torch.mul(x[:, :, i : i + stride * H : stride, j : j + stride * W : stride], g, out=product)
        torch.sum(product, (0, 2, 3), out=numbers[n])
    return numbers.T.reshape(C, 1, side, side)


def _convolution_backward(
    g: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int, wanted: list[bool]
) -> tuple[Tensor, ...]:
    """Gradients of a depthwise convolution's input, weights and bias, those that are wanted."""
    found: tuple[Tensor, ...] = torch.ops.aten.convolution_backward(
        g, x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], x.shape[1], wanted
    )
    return found
