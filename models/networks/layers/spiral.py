"""Convolutions over spiral neighbourhoods: (B, V, C_in) vertex features -> (B, V, C_out).

SpiralConv (Lim et al. 2018), SpiralConv++ (Gong et al. 2019), DSConv (MobRecon, eq. 7-8), dynamic spiral
convolution (M3DHMR, eq. 4-6). A spiral table is (V, S): row v lists k-disk(v)_S, beginning with v. Symbols:
D features, S spiral length, K parallel kernels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

SpiralLayer = Callable[[int, int, ArrayLike], nn.Module]
"""Makes a layer from C_in, C_out and a spiral table."""


def _linear(c_in: int, c_out: int, gain: float = 1.0) -> nn.Linear:
    """A linear map that keeps the size of what comes out of a ReLU (He et al. 2015).

    Nothing normalises features on the mesh: with torch's own start, five layers shrink them a hundredfold.
    """
    linear = nn.Linear(c_in, c_out)
    nn.init.normal_(linear.weight, std=gain * (2 / c_in) ** 0.5)
    nn.init.zeros_(linear.bias)
    return linear


class _OnSpirals(nn.Module):
    """Keeps the spiral table; it is saved with the weights, which mean nothing without it."""

    spiral: Tensor

    def __init__(self, spiral: ArrayLike) -> None:
        super().__init__()
        self.register_buffer("spiral", torch.as_tensor(spiral, dtype=torch.int64))  # (V, S)

    def gather(self, f: Tensor) -> Tensor:
        """(B, V, C) -> (B, V, S C): the concatenation [f_v'], v' in k-disk(v)_S."""
        V, S = self.spiral.shape
        return f.index_select(1, self.spiral.reshape(-1)).reshape(-1, V, S * f.shape[2])


class SpiralConv(_OnSpirals):
    """MobRecon eq. 5: an LSTM walks along the spiral; its last state is the answer. Slow, for comparison."""

    def __init__(self, c_in: int, c_out: int, spiral: ArrayLike) -> None:
        super().__init__(spiral)
        self.lstm = nn.LSTM(c_in, c_out, batch_first=True)

    def forward(self, f: Tensor) -> Tensor:
        V, S = self.spiral.shape
        walks = self.gather(f).reshape(-1, S, f.shape[2])
        states, _ = self.lstm(walks)
        return states[:, -1].reshape(-1, V, states.shape[2])


class SpiralConvPP(_OnSpirals):
    """SpiralConv++, MobRecon eq. 6: W [f_v'] + b. O(S D^2) a vertex."""

    def __init__(self, c_in: int, c_out: int, spiral: ArrayLike) -> None:
        super().__init__(spiral)
        self.W = _linear(self.spiral.shape[1] * c_in, c_out)

    def forward(self, f: Tensor) -> Tensor:
        return self.W(self.gather(f))


class DSConv(_OnSpirals):
    """Depth-separable SpiralConv, MobRecon eq. 7-8: each feature along the spiral, then across features.

    O(S D + D^2) a vertex. A third of the spiral's places is gathered at once, weighted, and added to the
    others: of nine ways tried one of the fastest in OpenVINO inside a whole network, where each step of the
    graph costs a microsecond beside its work, and large arrays leave the processor's cache.
    """

    def __init__(self, c_in: int, c_out: int, spiral: ArrayLike) -> None:
        super().__init__(spiral)
        S = self.spiral.shape[1]
        self.W_d = nn.Parameter(torch.randn(S, c_in) * S**-0.5)
        self.W_p = _linear(c_in, c_out)

    def forward(self, f: Tensor) -> Tensor:
        V, S = self.spiral.shape
        third = -(-S // 3)
        spiral: Tensor = self.spiral.T
        W_d: Tensor = self.W_d
        if short := 3 * third - S:
            spiral, W_d = (F.pad(x, (0, 0, 0, short)) for x in (spiral, W_d))
        near = [f.index_select(1, some.reshape(-1)).unflatten(1, (third, V)) for some in spiral.split(third)]
        a, b, c = (g * w[:, None] for g, w in zip(near, W_d.split(third), strict=True))
        return self.W_p((a + b + c).sum(1))

    def own_mult_adds(self, output: Tensor) -> int:
        """The depthwise part; the pointwise one counts itself."""
        return output.shape[0] * output.shape[1] * self.W_d.numel()


class DynamicSpiralConv(_OnSpirals):
    """M3DHMR eq. 4-6: K spiral kernels, mixed for every vertex by an attention computed from its features.

        pi = softmax(f2(f1(f_v))),  W^_j = sum_i pi_i W_j,i,  b^_j = sum_i pi_i b_j,i,   j = 1, 2
        DSC(v) = W^_2 (W^_1 [f_v'] + b^_1) + b^_2

    The paper does not give the sizes of W_1 and W_2: here W_1 runs over the spiral (S C_in -> C_out) and W_2
    over the channels (C_out -> C_out), "in both spatial and channel dimensions". Mixing is linear, so the K
    answers are mixed instead of K matrices per vertex: the same numbers, no (V, S C_in, C_out) array.
    """

    def __init__(self, c_in: int, c_out: int, spiral: ArrayLike, K: int = 8) -> None:
        super().__init__(spiral)
        if K < 1:
            raise ValueError(f"K: expected at least one kernel, got {K}")
        self.K = K
        self.f1 = nn.Linear(c_in, max(c_in // 2, 1))
        self.f2 = nn.Linear(max(c_in // 2, 1), K)
        nn.init.zeros_(self.f2.weight)  # attention starts even
        nn.init.zeros_(self.f2.bias)
        even = K**0.5  # an even mix of K independent answers is this much smaller than each of them
        self.W_1 = _linear(self.spiral.shape[1] * c_in, K * c_out, gain=even)
        self.W_2 = _linear(c_out, K * c_out, gain=even * 0.5**0.5)  # no ReLU in between

    def attention(self, f: Tensor) -> Tensor:
        """(B, V, C_in) -> pi (B, V, K), positive, summing to 1 (eq. 4)."""
        return torch.softmax(self.f2(F.relu(self.f1(f))), -1)

    def _mix(self, answers: Tensor, pi: Tensor) -> Tensor:
        return (answers.unflatten(-1, (self.K, -1)) * pi[..., None]).sum(-2)

    def forward(self, f: Tensor) -> Tensor:
        pi = self.attention(f)
        return self._mix(self.W_2(self._mix(self.W_1(self.gather(f)), pi)), pi)
