"""A training batch of photographs for a decoder: cached views in pairs of one hand each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.networks.joint_fit import joints_of
from models.networks.landmark_system import LandmarkMaps
from models.training.maps.batch import maps_of
from models.training.maps.cache import MapCache
from models.training.maps.real import OUTSIDE_STEP, VIEWS

_CUT_OUT = 0.7  # of the hands of a step, that have a silhouette, where enough have


@dataclass(frozen=True, eq=False)
class RealBatch:
    """B views of right hands (or left ones in the mirror), of which 2k and 2k + 1 show the same hand."""

    maps: LandmarkMaps  # scaled, as in a MapBatch
    joints_2d: Tensor  # (B, 21, 2) as the encoder's heads say, 0..1 of the crop
    joints_m: Tensor  # (B, 21, 3) likewise, from the wrist, metres
    focal: Tensor  # (B,) crop widths
    vertices: Tensor  # (B, 778, 3) of the labelled hand, root-relative, metres, the palm as long as taught
    joints: Tensor  # (B, 21, 3) likewise
    label_2d: Tensor  # (B, 21, 2) labelled joints, 0..1 of the crop
    weight: Tensor  # (B,) 0..1 how much the label counts
    rotation: Tensor  # (B, 3, 3) the photograph's camera axes -> the crop's
    outside: Tensor  # (B, 56, 56) distance from hand and arm, crop widths
    outline: Tensor  # (B, P, 2) points of the hand's border, 0..1 of the crop
    silhouette: Tensor  # (B,) 0 or 1: whether both are believed


class RealHandsCached:
    """Pairs of views out of a cache of `tools.build.real_map_cache`."""

    def __init__(self, cache: MapCache, palm_m: float) -> None:
        """Raises ValueError where the cache holds no hand."""
        self._cache, self._palm_m = cache, palm_m
        first = np.arange(0, len(cache) - VIEWS + 1, VIEWS)
        if len(first) == 0:
            raise ValueError(f"{cache.folder}: holds no hand; make it with tools.build.real_map_cache")
        self._all = first
        self._cut_out = first[cache.columns["silhouette"][first] > 0]

    def __len__(self) -> int:
        return len(self._all)

    def draw(self, views: int, rng: np.random.Generator) -> RealBatch:
        """So many views, two of each hand."""
        n = views // 2
        some = rng.choice(self._all, n)
        if len(self._cut_out):
            some = np.where(rng.random(n) < _CUT_OUT, rng.choice(self._cut_out, n), some)
        pairs = np.array([rng.choice(VIEWS, 2, replace=False) for _ in range(n)])
        return self.read((some[:, None] + pairs).ravel())

    def read(self, rows: NDArray[np.intp]) -> RealBatch:
        """These rows."""
        d = {name: torch.from_numpy(self._cache.columns[name][rows]) for name in self._cache.columns}
        maps = maps_of(d)
        joints_2d, joints_m = joints_of(d["joints_px"], d["world_m"], self._palm_m)
        J = d["true_joints_m"]
        size = self._palm_m / (J[:, 9] - J[:, 0]).norm(dim=-1)[:, None, None]
        return RealBatch(
            maps,
            joints_2d,
            joints_m,
            d["focal"],
            size * (d["true_vertices_m"] - J[:, :1]),
            size * (J - J[:, :1]),
            d["label_2d"],
            d["weight"],
            d["turn"],
            d["outside"].float() * OUTSIDE_STEP,
            d["outline"],
            d["silhouette"],
        )
