"""2D joint heads: the four representations that MobRecon's Table 2 compares. Joints in 0..1 of the crop."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.networks.encoders.stack import C_OUT, Encoding, StackedEncoder, Up
from models.types import N_JOINTS


def cell_centres(size: int, like: Tensor) -> Tensor:
    """(size,) centres of a map's cells, 0..1 from border to border."""
    return (torch.arange(size, device=like.device, dtype=like.dtype) + 0.5) / size


def soft_argmax(logits: Tensor) -> Tensor:
    """(B, N, H, W) -> (B, N, 2): the expected place under a softmax over the map (Sun et al., ECCV 2018)."""
    p = logits.flatten(2).softmax(-1).unflatten(2, logits.shape[2:])
    x = (p.sum(2) * cell_centres(logits.shape[3], logits)).sum(-1)
    y = (p.sum(3) * cell_centres(logits.shape[2], logits)).sum(-1)
    return torch.stack([x, y], -1)


def hard_argmax(heatmaps: Tensor) -> Tensor:
    """(B, N, H, W) -> (B, N, 2): the centre of the highest cell. It has no gradient."""
    W = heatmaps.shape[3]
    best = heatmaps.flatten(2).argmax(-1)
    x, y = best % W, torch.div(best, W, rounding_mode="floor")
    size = heatmaps.new_tensor([W, heatmaps.shape[2]])
    return (torch.stack([x, y], -1) + 0.5) / size


class HeatmapHead(nn.Module):
    """H^p: the second stack's way up to 32 x 32 and one map per joint; their peak, or their soft-argmax.

    Encoding -> joints (B, 21, 2), heatmaps (B, 21, 32, 32), which are logits where `soft`.
    """

    def __init__(self, encoder: StackedEncoder, soft: bool, skip: bool = True) -> None:
        super().__init__()
        self.soft = soft
        self.up = Up(encoder.widths, encoder.conv_kind, full=True, skip=skip)
        self.maps = nn.Conv2d(C_OUT, N_JOINTS, 1)

    def forward(self, encoding: Encoding) -> tuple[Tensor, Tensor]:
        H_p = self.maps(self.up(encoding.maps))
        return (soft_argmax(H_p) if self.soft else hard_argmax(H_p)), H_p


class RegressionHead(nn.Module):
    """L^p from the pooled encoding: two fully connected layers. Encoding -> joints (B, 21, 2), None."""

    def __init__(self, encoder: StackedEncoder) -> None:
        super().__init__()
        c = encoder.C_e
        self.mlp = nn.Sequential(nn.Linear(c, c), nn.ReLU(), nn.Linear(c, 2 * N_JOINTS))

    def forward(self, encoding: Encoding) -> tuple[Tensor, None]:
        L_p = self.mlp(encoding.F_e.mean((2, 3))).unflatten(1, (N_JOINTS, 2))
        return L_p + 0.5, None


class MapReg(nn.Module):
    """L^p by map-based position regression (section 3.2): one 16 x 16 map a joint, flattened, read by an MLP.

    The maps keep the skip connections' detail; the MLP, the same for every joint, sees a map as a whole.
    Encoding -> joints (B, 21, 2), None.
    """

    def __init__(self, encoder: StackedEncoder, cells: int = 256) -> None:
        super().__init__()
        self.up = Up(encoder.widths, encoder.conv_kind, full=False)
        self.maps = nn.Conv2d(C_OUT, N_JOINTS, 1)
        self.mlp = nn.Sequential(
            nn.Linear(cells, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 2)
        )

    def forward(self, encoding: Encoding) -> tuple[Tensor, None]:
        maps = self.maps(self.up(encoding.maps))
        return self.mlp(maps.flatten(2)) + 0.5, None
