"""Mult-Adds and parameters of a network, counted on the built network for one input."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class CountsItself(Protocol):
    """A layer whose work is not in torch's own modules says what it cost, given its output."""

    def own_mult_adds(self, output: Tensor) -> int: ...


def _standard(module: nn.Module, output: Any) -> int:
    """Multiply-adds of one of torch's own layers; 0 for what has none worth counting."""
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        return output.numel() * module.weight[0].numel()
    if isinstance(module, nn.ConvTranspose2d):
        return output.shape[0] * module.weight.numel() * _input_positions(module, output)
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    if isinstance(module, nn.LSTM):
        sequence = output[0]
        steps = sequence.shape[0] * sequence.shape[1]
        return steps * sum(p.numel() for n, p in module.named_parameters() if n.startswith("weight"))
    return 0


def _input_positions(module: nn.ConvTranspose2d, output: Tensor) -> int:
    """Pixels of the input that a transposed convolution spread over the output."""
    return int(output.shape[-1] // module.stride[0]) * int(output.shape[-2] // module.stride[1])


def count_mult_adds(module: nn.Module, *inputs: Any) -> int:
    """Multiply-adds of one forward pass, as the papers count: convolutions, linear layers, lifting.

    Normalisation, activations, pooling and gathers are left out. inputs: as `forward` takes them; use a batch
    of one. The module is run in evaluation mode and left as it was.
    """
    return count_by_part(module, *inputs)[""]


def count_by_part(module: nn.Module, *inputs: Any) -> dict[str, int]:
    """Multiply-adds of one forward pass by submodule name, children included; "" is the whole."""
    own: dict[str, int] = {name: 0 for name, _ in module.named_modules()}

    def hook(name: str) -> Any:
        def count(layer: nn.Module, _args: Any, output: Any) -> None:
            own[name] += layer.own_mult_adds(output) if isinstance(layer, CountsItself) else 0
            own[name] += _standard(layer, output)

        return count

    handles = [layer.register_forward_hook(hook(name)) for name, layer in module.named_modules()]
    was_training = module.training
    try:
        with torch.no_grad():
            module.eval()(*inputs)
    finally:
        module.train(was_training)
        for handle in handles:
            handle.remove()
    return {
        part: sum(n for name, n in own.items() if name == part or not part or name.startswith(part + "."))
        for part in own
    }


def count_parameters(module: nn.Module) -> int:
    """Learnable numbers."""
    return sum(p.numel() for p in module.parameters())
