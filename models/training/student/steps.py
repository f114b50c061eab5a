"""Adam whose steps are fractions of each channel's own weights.

The landmark network's batch normalisations are folded into its convolutions, so that one channel's weights
can be a hundred times another's. One rate for all would shake the small and leave the large as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEAST = 0.1  # of a layer's mean size: what a channel of zeros counts as
_BETAS = (0.9, 0.99)
_EPSILON = 1e-12


def channel_sizes(weight: Tensor) -> Tensor:
    """Root mean square of each output channel's weights (a bias: its size), in the shape of a factor."""
    rows = weight.detach().flatten(1) if weight.dim() > 1 else weight.detach()[:, None]
    size = rows.square().mean(1).sqrt()
    size = size.clamp(min=float(_LEAST * size.mean()) + _EPSILON)
    return size.reshape(-1, *[1] * (weight.dim() - 1))


class RelativeAdam:
    """Steps of `rate` times a channel's size, as it was at the start."""

    def __init__(self, network: nn.Module) -> None:
        self._learnt = [p for p in network.parameters() if p.requires_grad]
        self._sizes = [channel_sizes(p) for p in self._learnt]
        self.state = [(torch.zeros_like(p), torch.zeros_like(p)) for p in self._learnt]
        self.steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Take one step along the gradients, and clear them."""
        self.steps += 1
        for parameter, size, (mean, square) in zip(self._learnt, self._sizes, self.state, strict=True):
            if parameter.grad is None:
                continue
            mean.lerp_(parameter.grad, 1 - _BETAS[0])
            square.lerp_(parameter.grad.square(), 1 - _BETAS[1])
            deviation = (square / (1 - _BETAS[1] ** self.steps)).sqrt_().add_(_EPSILON)
            parameter.sub_(rate * size * (mean / (1 - _BETAS[0] ** self.steps)) / deviation)
            parameter.grad = None

    def state_dict(self) -> dict[str, object]:
        """As `load_state_dict` takes it."""
        return {"steps": self.steps, "state": self.state, "sizes": self._sizes}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go on from there."""
        self.steps = int(state["steps"])  # type: ignore[call-overload]
        self.state, self._sizes = list(state["state"]), list(state["sizes"])  # type: ignore[call-overload]
