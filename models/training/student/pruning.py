"""Pruning: an encoder with fewer channels inside its blocks, as near to the full one as they allow.

Block by block, on some hundred crops: the channels that a block's output needs least go first, a few at a
time, by what the others can't make up for (as in Optimal Brain Surgeon: a channel's weights squared over its
entry in the inverse covariance). The projection of those that are left is refitted by least squares to what
the full block answers, so that it makes up for the blocks before it, too. What blocks hand on keeps its
channels: decoders, heads and scores go on as before.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from models.networks.encoders.landmark_net import InvertedResidual, LandmarkNet

_PLACES = 64_000  # of the maps, at which a block's channels are compared
_ROUNDS = 24  # in which a block's channels go
_RIDGE = 1e-4  # of the mean variance


@torch.no_grad()
def pruned(net: LandmarkNet, crops: Sequence[Tensor], hidden: Sequence[int]) -> LandmarkNet:
    """The encoder with so many channels in each block. crops: batches (B, 3, S, S) RGB, 0..1, such as it will
    see."""
    fewer = LandmarkNet(net.input_size, hidden).eval()
    own = {k: v for k, v in net.state_dict().items() if not k.startswith(("blocks.", "scores."))}
    fewer.load_state_dict(own, strict=False)
    full = [F.relu6(net.stem(images)) for images in crops]
    seen, exact = full, True
    for whole, part in zip(net.blocks, fewer.blocks, strict=True):
        assert isinstance(whole, InvertedResidual)
        assert isinstance(part, InvertedResidual)
        full = [whole(x) for x in full]
        exact = exact and part.depthwise.conv.out_channels == whole.depthwise.conv.out_channels
        if exact:
            part.load_state_dict(whole.state_dict())
        else:  # one that keeps all channels makes up for the blocks before it
            prune(part, whole, seen, full)
        seen = full if exact else [part(x) for x in seen]
    return fewer


@torch.no_grad()
def prune(
    part: InvertedResidual, whole: InvertedResidual, seen: Sequence[Tensor], full: Sequence[Tensor]
) -> None:
    """Give `part`, a block with fewer channels, the weights by which it comes nearest to `whole`. seen: maps
    (B, c, H, W) that it is shown; full: what `whole` should answer to each."""
    if whole.expand is None or part.expand is None:
        part.load_state_dict(whole.state_dict())
        return
    kept = _fitted(part, whole, seen, full)
    for of_part, of_whole in ((part.expand, whole.expand), (part.depthwise, whole.depthwise)):
        of_part.load_state_dict({name: value[kept] for name, value in of_whole.state_dict().items()})


def _fitted(
    part: InvertedResidual, whole: InvertedResidual, seen: Sequence[Tensor], full: Sequence[Tensor]
) -> Tensor:
    """Which channels of the full block stay; the projection of the other one is set."""
    assert whole.expand is not None
    generator = torch.Generator().manual_seed(0)
    inner, wanted = [], []
    for x, y in zip(seen, full, strict=True):
        a, b = F.relu6(whole.depthwise(F.relu6(whole.expand(x)))), y - x if whole.residual else y
        a, b = (m.transpose(0, 1).flatten(1) for m in (a, b))
        some = torch.randperm(a.shape[1], generator=generator)[: _PLACES // len(seen)]
        inner.append(a[:, some])
        wanted.append(b[:, some])
    a, b = torch.cat(inner, 1).double(), torch.cat(wanted, 1).double()
    a_mean, b_mean = a.mean(1, keepdim=True), b.mean(1, keepdim=True)
    a, b = a - a_mean, b - b_mean
    kept, weights = _chosen(a @ a.T / a.shape[1], b @ a.T / a.shape[1], part.project.conv.in_channels)
    bias = (b_mean - weights @ a_mean[kept])[:, 0]
    part.project.conv.load_state_dict({"weight": weights[:, :, None, None].float(), "bias": bias.float()})
    return kept


def _chosen(covariance: Tensor, shared: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Which channels stay, and the projection (outputs, count) that is best with them. covariance: of the
    channels (c, c); shared: of outputs with channels."""
    kept = torch.arange(len(covariance))
    ridge = _RIDGE * covariance.diagonal().mean()
    a_round = max(1, len(kept) // _ROUNDS)
    while True:
        inverse = torch.linalg.inv(covariance[kept][:, kept] + ridge * torch.eye(len(kept)))
        weights = shared[:, kept] @ inverse
        if len(kept) <= count:
            return kept, weights
        harm = weights.square().sum(0) / inverse.diagonal()
        gone = min(len(kept) - count, a_round)
        kept = kept[harm.argsort()[gone:].sort().values]
