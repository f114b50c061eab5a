"""Layers as two thin ones: of a lower rank, nearest in what they answer to inputs that they really get."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def factored(layer: nn.Module, inputs: Tensor, rank: int) -> nn.Sequential:
    """The two layers whose answers to inputs (N, width) are nearest to the layer's in the mean square.

    Of y = W x + b, what y varies in most over the inputs is kept (principal components); the rest is its
    mean.
    """
    assert isinstance(layer, nn.Linear)
    x = inputs.double()
    W, middle = layer.weight.double(), x.mean(0)
    y = (x - middle) @ W.T
    _, directions = torch.linalg.eigh(y.T @ y)
    U = directions[:, -rank:]
    thin, wide = nn.Linear(W.shape[1], rank, bias=False), nn.Linear(rank, W.shape[0])
    with torch.no_grad():
        thin.weight.copy_(U.T @ W)
        wide.weight.copy_(U)
        wide.bias.copy_(layer.bias.double() + W @ middle - U @ (U.T @ (W @ middle)))
    return nn.Sequential(thin, wide)


def inputs_of(layer: nn.Module, run: Callable[[], object]) -> Tensor:
    """(N, width): what reaches a layer while something runs."""
    seen: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _, given, __: seen.append(given[0].detach()))
    with torch.no_grad():
        run()
    hook.remove()
    return torch.cat(seen)
