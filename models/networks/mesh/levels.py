"""Between levels of the mesh pyramid, as tensors: which vertices are kept, and how they are up-sampled."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.hand.hand_data import HandData
from models.networks.mesh.topology import MeshPyramid, pyramid_of


def vertices_at(hand: HandData, level: int) -> Tensor:
    """Numbers among the 778 of the vertices of a level of the mesh pyramid."""
    coarse = pyramid_of(hand).levels[level].vertices_m
    return torch.tensor([int(np.abs(hand.template_m - v).sum(1).argmin()) for v in coarse])


def kept(pyramid: MeshPyramid, fine: int, coarse: int) -> Tensor:
    """Numbers among a fine level's vertices of those that a coarser one keeps."""
    among, left = (pyramid.levels[k].vertices_m for k in (fine, coarse))
    return torch.tensor([int(np.abs(among - v).sum(1).argmin()) for v in left])


def upsampling_matrix(pyramid: MeshPyramid, fine: int) -> Tensor:
    """(fine, coarse) weights from the next coarser level to level `fine`."""
    upsampling = pyramid.upsamplings[fine]
    out = torch.zeros(len(upsampling.index), pyramid.sizes[fine + 1])
    index, weight = torch.from_numpy(upsampling.index.astype(np.int64)), torch.from_numpy(upsampling.weight)
    return out.scatter_add_(1, index, weight)
