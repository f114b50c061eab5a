"""An exponential average of a network's weights: steadier than the last step's, and what is shipped."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Ema:
    """`network` is the average. Its first steps count more, so that it forgets the start."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """decay: the fraction of the average that is kept at a step."""
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after `step` steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for mean, value in zip(
            self.network.state_dict().values(), network.state_dict().values(), strict=True
        ):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)
