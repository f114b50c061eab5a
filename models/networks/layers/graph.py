"""Graph convolution on the mesh: the Graph Isomorphism Network (GIN) of Tang et al.'s refine stage.

x'_i = MLP(x_i + sum over neighbours x_j)   (Xu et al. 2019; Tang et al. eq. 2)

The first layer of the MLP is linear, so it is applied before the sum: the same result, with fewer channels to
gather.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F


def neighbour_table(faces: ArrayLike, n_vertices: int) -> Tensor:
    """(F, 3) faces -> (V, D) int64: each vertex, its neighbours, and V, which stands for none."""
    corners = np.asarray(faces, np.int64)
    if corners.ndim != 2 or corners.shape[1] != 3 or corners.min() < 0 or corners.max() >= n_vertices:
        raise ValueError(f"faces: expected (F, 3) indices below {n_vertices}, got shape {corners.shape}")
    near: list[set[int]] = [{i} for i in range(n_vertices)]
    for face in corners:
        for i in face:
            near[i].update(int(j) for j in face)
    table = np.full((n_vertices, max(map(len, near))), n_vertices)
    for i, found in enumerate(near):
        table[i, : len(found)] = [i, *sorted(found - {i})]
    return torch.from_numpy(table)


class GINConv(nn.Module):
    """(B, V, C) -> (B, V, C_out): sum over the neighbourhood, then an MLP with one hidden layer."""

    neighbours: Tensor

    def __init__(self, neighbours: Tensor, c_in: int, hidden: int, c_out: int) -> None:
        super().__init__()
        self.register_buffer("neighbours", neighbours, persistent=False)
        self.first = nn.Linear(c_in, hidden, bias=False)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.second = nn.Linear(hidden, c_out)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x)
        padded = F.pad(y, (0, 0, 0, 1))  # vertex V: the neighbour that is not there
        for column in self.neighbours.T[1:]:  # place by place: no (B, V, D, C) array; place 0 is x_i itself
            y = y + padded.index_select(1, column)
        return self.second(F.relu(y + self.bias))


class GINBlock(nn.Module):
    """GIN convolution, ReLU, batch normalisation."""

    def __init__(self, neighbours: Tensor, c_in: int, hidden: int, c_out: int) -> None:
        super().__init__()
        self.conv = GINConv(neighbours, c_in, hidden, c_out)
        self.norm = nn.BatchNorm1d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.conv(x))
        return self.norm(y.transpose(1, 2)).transpose(1, 2)


class GINResBlock(nn.Module):
    """Two GIN blocks and an identity connection."""

    def __init__(self, neighbours: Tensor, channels: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(GINBlock(neighbours, channels, channels, channels) for _ in range(2)))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.blocks(x)
