"""Errors in the camera's own space: where the hand is said to be, not only which shape it has.

CS-MPJPE and CS-MPVPE as in MobRecon and its successors: no alignment, no root taken away.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from models.evaluation.metrics import point_errors
from models.geometry import DEFAULT_FOV_DEG, camera_from_fov
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


def focal_error(intrinsics: tuple[float, float, float, float]) -> float:
    """The focal length that is assumed where none is known, over the true one.

    Assumed is DEFAULT_FOV_DEG; the picture is taken to be twice as large as its principal point says.
    """
    fx, fy, cx, cy = intrinsics
    assumed = camera_from_fov(max(round(2 * cx + 1), 1), max(round(2 * cy + 1), 1), DEFAULT_FOV_DEG)
    return float(assumed.fx / np.sqrt(fx * fy))


def at_unknown_focal(points: ArrayLike, predicted: ArrayLike, ratio: ArrayLike) -> Float64:
    """Points (B, N, 3) as they are placed by who takes the focal length for `ratio` (B,) times what it is.

    predicted: (B, 21, 3) joints. A hand of the same size and picture is then `ratio` times as far, and as far
    to the side as before.
    """
    depth = np.asarray(predicted, np.float64)[:, :1, 2:]
    further = depth * (np.asarray(ratio, np.float64)[:, None, None] - 1)
    return np.asarray(points, np.float64) + further * [0.0, 0.0, 1.0]


def camera_space_figures(
    joints: tuple[Float64, Float64],
    weights: Float64,
    vertices: tuple[Float64, Float64] | None = None,
    focal_ratio: ArrayLike | None = None,
) -> dict[str, Any]:
    """Per sample, mm and %: predicted and true joints (B, 21, 3), which count (B, 21), meshes (B, N, 3).

    focal_ratio: (B,) of `focal_error`, for the same with an unknown focal length.
    """
    predicted, target = joints
    ratio = np.ones(len(target)) if focal_ratio is None else focal_ratio
    values = {}
    for known, points in (("", predicted), ("_known_size", at_known_size(predicted, predicted, target))):
        mesh = None
        if vertices is not None:
            mesh = vertices[0] if not known else at_known_size(vertices[0], predicted, target)
        for focal in ("", "_unknown_focal") if focal_ratio is not None else ("",):
            placed = points if not focal else at_unknown_focal(points, points, ratio)
            errors = 1e3 * point_errors(placed, target)
            values[f"cs_mpjpe{known}{focal}_mm"] = _means(errors, weights)
            values[f"root_depth{known}{focal}_percent"] = 100 * root_depth_errors(placed, target)
            if vertices is not None and mesh is not None:
                there = mesh if not focal else at_unknown_focal(mesh, points, ratio)
                values[f"cs_mpvpe{known}{focal}_mm"] = 1e3 * point_errors(there, vertices[1]).mean(1)
    return values


def _means(errors: Float64, weights: Float64) -> Float64:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((errors * weights).sum(1) / weights.sum(1))


def _palms(joints: ArrayLike) -> Float64:
    j = np.asarray(joints, np.float64)
    return np.asarray(np.linalg.norm(j[:, KNUCKLES] - j[:, :1], axis=-1).mean(-1))
