"""A training batch of a decoder: cached crops as tensors, with their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.networks.joint_fit import joints_of
from models.networks.landmark_system import LandmarkMaps
from models.training.maps.cache import MAPS, MapCache

MAP_PEAK = 4.0
"""What the largest byte of a map counts in a network: channels are then of the order of one."""
_SEEN = 0.35  # a hand of which less is visible teaches nothing


@dataclass(frozen=True, eq=False)
class MapBatch:
    """B crops of drawn right hands. True hands are scaled about the camera to one palm length: a picture
    shows no size."""

    maps: LandmarkMaps  # scaled, see MAP_PEAK
    joints_2d: Tensor  # (B, 21, 2) as the encoder's heads say, 0..1 of the crop
    joints_m: Tensor  # (B, 21, 3) likewise, from the wrist, metres
    pooled: Tensor  # (B, 512)
    focal: Tensor  # (B,) crop widths
    vertices: Tensor  # (B, 778, 3) true, root-relative, metres
    joints: Tensor  # (B, 21, 3) true, root-relative, metres
    root: Tensor  # (B, 3) the true wrist, crop camera's frame, metres
    mask: Tensor  # (B, 56, 56) 0..1 the hand's coverage
    label_weight: Tensor  # (B,) 0 or 1


def maps_of(columns: Mapping[str, Tensor]) -> LandmarkMaps:
    """A cache's maps as a network scales them, of its columns by name."""
    return LandmarkMaps(*(columns[name].float().mul_(MAP_PEAK / 127) for name in MAPS))


def read_batch(cache: MapCache, rows: NDArray[np.intp], palm_m: float) -> MapBatch:
    """Rows of a cache. palm_m: wrist to middle knuckle of the hands that are taught."""
    d = {name: torch.from_numpy(cache.columns[name][rows]) for name in cache.columns}
    maps = maps_of(d)
    joints_2d, joints_m = joints_of(d["joints_px"], d["world_m"], palm_m)
    J = d["true_joints_m"]
    size = palm_m / (J[:, 9] - J[:, 0]).norm(dim=-1)[:, None, None]
    root = J[:, :1]
    return MapBatch(
        maps,
        joints_2d,
        joints_m,
        d["pooled"].float(),
        d["focal"],
        size * (d["true_vertices_m"] - root),
        size * (J - root),
        (size * root)[:, 0],
        d["mask"].float() / 255,
        (d["visible"] > _SEEN).float(),
    )
