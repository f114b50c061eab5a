"""What the landmark encoder's maps show at a mesh's vertices and beside them, across the outline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from models.networks.landmark_system import LandmarkMaps
from models.networks.layers.look import look
from models.networks.mesh.topology import MeshLevel

BESIDE_PX = (1.5, -1.5, 3.5, -3.5)
"""Of the map at 56: how far beside a vertex is looked, too. The parameters' step reads the first two."""


class Seen(NamedTuple):
    """What is looked up of the encoder's maps, at 195 vertices; of the finer two beside them, too."""

    f56: Tensor  # (B, 195, 5 * 24)
    f28: Tensor  # (B, 195, 5 * 40)
    f14: Tensor  # (B, 195, 112)


class Look(nn.Module):
    """What the maps show at 195 vertices and, on the finer two, beside them, across the outline."""

    normals: Tensor
    beside: Tensor

    def __init__(self, level: MeshLevel, aside: Sequence[float]) -> None:
        """aside: of each map, where it is read beside where that of a crop of 224 is, 0..1 of the crop."""
        super().__init__()
        self.aside = tuple(aside)
        faces, normals = level.faces, np.zeros((len(level.vertices_m), 3))
        a, b, c = (level.vertices_m[faces[:, k]].astype(np.float64) for k in range(3))
        for corner in range(3):
            np.add.at(normals, faces[:, corner], np.cross(b - a, c - a))
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        self.register_buffer("normals", torch.tensor(normals.T, dtype=torch.float32), persistent=False)
        self.register_buffer("beside", torch.tensor([0.0, *BESIDE_PX]) / 56, persistent=False)

    def turned(self, turns: Tensor) -> Tensor:
        """Normals (B, 3, 195) of a hand whose vertices `HandSkinning.whole` turned: nearly of unit length."""
        x, y, z = self.normals
        return turns[:, 0:3] * x + turns[:, 3:6] * y + turns[:, 6:9] * z

    def forward(self, maps: LandmarkMaps, uv: Tensor, normals: Tensor) -> Seen:
        """uv: (B, 2, 195) 0..1 of the crop. normals: (B, 3, 195)."""
        across = normals[:, :2]
        across = across / across.norm(dim=1, keepdim=True).clamp_min(1e-2)
        x, y = (uv[..., None] + across[..., None] * self.beside).flatten(2).unbind(1)
        finer = look(maps[:2], x, y, self.aside[:2])
        f56, f28 = (f.unflatten(1, (uv.shape[2], -1)).flatten(2) for f in finer)
        return Seen(f56, f28, *look(maps[2:], uv[:, 0], uv[:, 1], self.aside[2:]))
