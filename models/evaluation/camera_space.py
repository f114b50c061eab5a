"""Errors in the camera's own space: where the hand is said to be, not only which shape it has.

CS-MPJPE and CS-MPVPE as in MobRecon and its successors: no alignment, no root taken away.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from models.evaluation.metrics import point_errors
from models.types import Float64

KNUCKLES = [5, 9, 13, 17]


def root_depth_errors(predicted: ArrayLike, target: ArrayLike) -> Float64:
    """(B,) how far off the wrist's depth is, over its true depth. Joints (B, 21, 3), camera frame."""
    p, t = np.asarray(predicted, np.float64)[:, 0, 2], np.asarray(target, np.float64)[:, 0, 2]
    return np.asarray(np.abs(p - t) / np.maximum(np.abs(t), 1e-6))


def at_known_size(points: ArrayLike, predicted: ArrayLike, target: ArrayLike) -> Float64:
    """Points (B, N, 3) moved along their rays until the predicted palm is as large as the true one.

    predicted, target: (B, 21, 3) joints, camera frame. The picture of the hand stays the same: this is what a
    hand of known size would have given.
    """
    scale = _palms(target) / np.maximum(_palms(predicted), 1e-9)
    return np.asarray(points, np.float64) * scale[:, None, None]


def camera_space_figures(
    joints: tuple[Float64, Float64], weights: Float64, vertices: tuple[Float64, Float64] | None = None
) -> dict[str, Any]:
    """Per sample, mm and %: predicted and true joints (B, 21, 3), which count (B, 21), meshes (B, N, 3)."""
    predicted, target = joints
    sized = at_known_size(predicted, predicted, target)
    values = {
        "cs_mpjpe_mm": _means(1e3 * point_errors(predicted, target), weights),
        "cs_mpjpe_known_size_mm": _means(1e3 * point_errors(sized, target), weights),
        "root_depth_percent": 100 * root_depth_errors(predicted, target),
        "root_depth_known_size_percent": 100 * root_depth_errors(sized, target),
    }
    if vertices is not None:
        mesh, true = vertices
        sized_mesh = at_known_size(mesh, predicted, target)
        values["cs_mpvpe_mm"] = 1e3 * point_errors(mesh, true).mean(1)
        values["cs_mpvpe_known_size_mm"] = 1e3 * point_errors(sized_mesh, true).mean(1)
    return values


def _means(errors: Float64, weights: Float64) -> Float64:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((errors * weights).sum(1) / weights.sum(1))


def _palms(joints: ArrayLike) -> Float64:
    j = np.asarray(joints, np.float64)
    return np.asarray(np.linalg.norm(j[:, KNUCKLES] - j[:, :1], axis=-1).mean(-1))
