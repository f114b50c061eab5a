"""Between the levels of a mesh pyramid: up-sampling, and the spiral decoder built from it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.networks.layers.spiral import SpiralLayer
from models.networks.mesh.topology import MeshPyramid, Upsampling


class Upsample(nn.Module):
    """(B, V_coarse, C) -> (B, V_fine, C): every fine vertex a weighted sum of three coarse ones.

    Three gathers: half the time of a dense matrix in OpenVINO, and exact in every engine.
    """

    index: Tensor
    weight: Tensor

    def __init__(self, upsampling: Upsampling, saved: bool = True) -> None:
        """saved: with a network's weights."""
        super().__init__()
        index, weight = (torch.from_numpy(x.T.copy()) for x in (upsampling.index, upsampling.weight))
        self.register_buffer("index", index.long(), persistent=saved)  # (3, V_fine)
        self.register_buffer("weight", weight[..., None], persistent=saved)

    def forward(self, f: Tensor) -> Tensor:
        a, b, c = (f.index_select(1, i) * w for i, w in zip(self.index, self.weight, strict=True))
        return a + b + c


class SpiralDecoder(nn.Module):
    """MobRecon's 3D decoder (section 3.3): four times up-sampling, spiral convolution, ReLU; then `head`.

    (B, 49, D[0]) features of the coarsest level -> (B, 778, D[-1]) before the head. D is {256, 128, 64, 32}
    in the paper; the first block keeps its width: 49 x 256 -> 98 x 256 -> 195 x 128 -> 389 x 64 -> 778 x 32.
    """

    def __init__(
        self,
        pyramid: MeshPyramid,
        layer: SpiralLayer,
        head: nn.Module,
        D: Sequence[int] = (256, 128, 64, 32),
        S: int = 9,
    ) -> None:
        super().__init__()
        levels, upsamplings = pyramid.levels[::-1], pyramid.upsamplings[::-1]
        if len(D) != len(upsamplings):
            raise ValueError(f"D: expected {len(upsamplings)} widths, one per up-sampling, got {tuple(D)}")
        self.up = nn.ModuleList(Upsample(u) for u in upsamplings)
        self.conv = nn.ModuleList(
            layer(c_in, c_out, level.spirals(S))
            for c_in, c_out, level in zip((D[0], *D[:-1]), D, levels[1:], strict=True)
        )
        self.head = head

    def forward(self, f: Tensor) -> Tensor:
        for up, conv in zip(self.up, self.conv, strict=True):
            f = F.relu(conv(up(f)))
        return self.head(f)
