"""The joint stage's last word, in closed form: where a view's joints lie off what all views of a hand say.

Image landmarks are linear in the mean of the encoder's last map, and so is their error, as far as it can be
known from that mean: ridge regression on photographs finds it at once.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.networks.encoders.landmark_net import INPUT_SIZE
from models.training.maps.cache import MapCache
from models.types import Float32, Float64

RIDGE = 0.01
"""What a weight's square costs a view, beside squares in crops. Chosen by halves of the hands learnt from."""
_CORNER_PX = 0.25  # as in `models.inference.landmark_runtime`


class Views:
    """What a cache of `tools.build.real_map_cache` says of its views' joints."""

    def __init__(self, cache: MapCache) -> None:
        """Raises ValueError where it holds none."""
        n = len(cache)
        if n == 0 or "label_2d" not in cache.columns:
            raise ValueError(f"{cache.folder}: no labelled view; see tools.build.real_map_cache")
        d = {k: cache.columns[k][:n] for k in ("pooled", "joints_px", "label_2d", "weight", "hand")}
        self.pooled: Float32 = d["pooled"].astype(np.float32)
        said = (d["joints_px"][..., :2] + _CORNER_PX) / INPUT_SIZE
        self.off: Float32 = (d["label_2d"] - said).reshape(n, 42).astype(np.float32)
        self.weight: Float32 = np.asarray(d["weight"], np.float32)
        self.hand: NDArray[np.int32] = np.asarray(d["hand"])

    def solve(self, rows: NDArray[np.bool_], ridge: float = RIDGE) -> tuple[Float64, Float64]:
        """(512, 42) and (42,): how far joints are to move, crop widths, linear in a view's mean map."""
        middle = self.pooled[rows].mean(0)
        x = np.column_stack([self.pooled[rows] - middle, np.ones(int(rows.sum()), np.float32)])
        x, y = (a * np.sqrt(self.weight[rows])[:, None] for a in (x, self.off[rows]))
        H, g = (x.T @ x).astype(np.float64), (x.T @ y).astype(np.float64)
        H[np.diag_indices(len(H) - 1)] += ridge * len(x)
        H[-1, -1] += 1e-9
        B = np.linalg.solve(H, g)
        return B[:-1], B[-1] - middle.astype(np.float64) @ B[:-1]

    def error_px(self, rows: NDArray[np.bool_], W: Float64, b: Float64) -> float:
        """Mean distance of the joints from the label, crop pixels."""
        left = self.off[rows] - self.pooled[rows] @ W - b
        return float(INPUT_SIZE * np.linalg.norm(left.reshape(-1, 21, 2), axis=-1).mean())


def teach_joint_step(step: nn.Linear, views: Views) -> tuple[float, float]:
    """Set it from all views. Returns the joints' error (crop pixels) without it and with it, of hands that
    were not learnt from: each half of them by the other."""
    halves = np.random.default_rng(0).integers(0, 2, int(views.hand.max()) + 1)[views.hand]
    none = (np.zeros((views.pooled.shape[1], 42)), np.zeros(42))
    before = views.error_px(halves >= 0, *none)
    after = float(np.mean([views.error_px(halves == k, *views.solve(halves != k)) for k in (0, 1)]))
    W, b = views.solve(halves >= 0)
    with torch.no_grad():
        step.weight.copy_(torch.from_numpy(W.T))
        step.bias.copy_(torch.from_numpy(b))
    return before, after
