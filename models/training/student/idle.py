"""Idle channels: those that answer the same whatever the picture, left out of an encoder at no cost.

Half of what MediaPipe's landmark network computes in its last blocks never changes: clipped ReLUs of channels
that are always below zero, or always at the same value. What such a channel adds is one number, which the
layer behind it can add as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from models.networks.encoders.landmark_net import InvertedResidual, LandmarkNet

IDLE = 1e-5
"""A channel whose answers lie no farther apart than this is idle; clipped ReLUs reach 6."""


@torch.no_grad()
def without_idle(
    net: LandmarkNet,
    crops: Sequence[Tensor],
    hidden: Sequence[int],
    features: int,
) -> tuple[LandmarkNet, Tensor]:
    """The encoder with so many channels in each block and in its last map, and which of the last are kept.

    crops: batches (B, 3, S, S) RGB, 0..1, as varied as what it may ever see. Raises ValueError where a
    channel that changes would have to go, or one of the last map that is not always zero.
    """
    thin = LandmarkNet(net.input_size, hidden, features).eval()
    own = {k: v for k, v in net.state_dict().items() if k.startswith("stem.")}
    thin.load_state_dict(own, strict=False)
    xs = [F.relu6(net.stem(images)) for images in crops]
    for k, (whole, part) in enumerate(zip(net.blocks, thin.blocks, strict=True)):
        assert isinstance(whole, InvertedResidual)
        assert isinstance(part, InvertedResidual)
        if whole.expand is None or part.expand is None:
            part.load_state_dict(whole.state_dict())
        else:
            expand = whole.expand
            low, high = _range([F.relu6(whole.depthwise(F.relu6(expand(x)))) for x in xs])
            kept = _liveliest(high - low, part.depthwise.conv.out_channels, f"block {k}")
            for of_part, of_whole in ((part.expand, expand), (part.depthwise, whole.depthwise)):
                of_part.load_state_dict({n: v[kept] for n, v in of_whole.state_dict().items()})
            W, b = whole.project.conv.weight, whole.project.conv.bias
            assert b is not None
            always = high.index_fill(0, kept, 0)
            state = {"weight": W[:, kept], "bias": b + W[:, :, 0, 0] @ always}
            part.project.conv.load_state_dict(state)
        xs = [whole(x) for x in xs]
    low, high = _range([F.relu6(net.depthwise(F.relu6(net.expand(x)))) for x in xs])
    kept = _liveliest(high, features, "the last map")  # zero is the least of a clipped ReLU
    for of_part, of_whole in ((thin.expand, net.expand), (thin.depthwise, net.depthwise)):
        of_part.load_state_dict({n: v[kept] for n, v in of_whole.state_dict().items()})
    for name in ("head_joints", "head_presence", "head_handedness", "head_world"):
        of_part, of_whole = getattr(thin, name), getattr(net, name)
        of_part.weight.copy_(of_whole.weight[:, kept])
        of_part.bias.copy_(of_whole.bias)
    return thin, kept


def _range(maps: list[Tensor]) -> tuple[Tensor, Tensor]:
    """The least and the largest of each channel of maps (B, c, H, W)."""
    return (
        torch.stack([m.amin((0, 2, 3)) for m in maps]).amin(0),
        torch.stack([m.amax((0, 2, 3)) for m in maps]).amax(0),
    )


def _liveliest(span: Tensor, count: int, where: str) -> Tensor:
    """The `count` channels that change most, in their order."""
    order = span.argsort(descending=True, stable=True)
    if len(order) > count and span[order[count:]].max() > IDLE:
        raise ValueError(f"{where}: {int((span > IDLE).sum())} channels answer; {count} are too few")
    return order[:count].sort().values
