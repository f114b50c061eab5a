"""Root recovery: where a root-relative hand is in the camera frame.

As in CMR (Chen et al., CVPR 2021), which MobRecon and M3DHMR use: the translation that best reprojects the
2D joints; where there is a silhouette, also the one whose projections onto 12 axes have its extents.
"""

from __future__ import annotations

from statistics import median  # of a few numbers, in a fraction of NumPy's time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.geometry import project
from models.types import Camera, Float64

Complex = NDArray[np.complex128]

NEAR_M, FAR_M = 0.05, 2.0
"""Depths a root may have, metres."""

_SORTED_M = 1e-3  # once steps are shorter than this, outliers are told from joints that fit
OUTLIER_DEVIATIONS = 4.0  # joints further off than this, in robust standard deviations, are dropped
SILHOUETTE_TRUST_M = (0.02, 0.06)
"""Difference of the two answers at which the silhouette begins to count, and at which it alone does."""
AXES = np.array([[np.cos(a), np.sin(a)] for a in np.radians(np.arange(0, 180, 15))])
"""(12, 2) two axes at right angles for each rotation by 0, 15 … 75 degrees."""


def recover_root(
    joints_rel_m: ArrayLike,
    joints_px: ArrayLike,
    camera: Camera,
    weights: ArrayLike | None = None,
    vertices_rel_m: ArrayLike | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> Float64:
    """The root (3,) in the camera frame, metres, of a hand known relative to it.

    joints_rel_m: (21, 3) root-relative, camera axes. joints_px: (21, 2) in the frame. weights: (21,) trust in
    each joint. vertices_rel_m (V, 3) with mask (H, W), the hand's silhouette: the silhouette counts the more,
    the further its answer is from the joints' (beyond 2 cm; beyond 6 cm it decides).
    """
    by_joints = root_from_joints(joints_rel_m, joints_px, camera, weights)
    if vertices_rel_m is None or mask is None or not mask.any():
        return by_joints
    by_silhouette = root_from_silhouette(vertices_rel_m, mask, camera, by_joints)
    low, high = SILHOUETTE_TRUST_M
    apart = float(np.linalg.norm(by_silhouette - by_joints))
    weight = min(max((apart - low) / (high - low), 0.0), 1.0)
    return by_joints + weight * (by_silhouette - by_joints)


def root_from_joints(
    joints_rel_m: ArrayLike, joints_px: ArrayLike, camera: Camera, weights: ArrayLike | None = None
) -> Float64:
    """The translation (3,) that best reprojects (N, 3) joints onto (N, 2) pixels; joints far off are dropped.

    A joint X + t lies on the ray (u, 1) where t_xy - u t_z = u X_z - X_xy: linear in t, the start. From there
    Gauss-Newton on the reprojection error, re-weighted for robustness: absolute errors first, which outliers
    hardly move, then squares of the joints that fit. x and y of a point are one complex number here: NumPy
    takes a microsecond for each step, however few the numbers.
    """
    X, px = np.asarray(joints_rel_m, np.float64), np.asarray(joints_px, np.float64)
    weight = np.ones(len(px)) if weights is None else np.asarray(weights, np.float64)
    if X.shape != (len(px), 3) or weight.shape != (len(px),):
        raise ValueError(f"root: expected as many 3D as 2D joints and weights, got {X.shape}, {px.shape}")
    if not (np.isfinite(X).all() and np.isfinite(px).all() and weight.min() >= 0 and weight.sum() > 0):
        raise ValueError("root: expected finite joints, and weights of zero or more, not all zero")
    xy: Complex = X[:, 0] + 1j * X[:, 1]
    z = X[:, 2].copy()
    seen = (px[:, 0] - camera.cx) / camera.fx + 1j / camera.fy * (px[:, 1] - camera.cy)
    counts, squares = weight > 0, False
    t_xy, t_z = _solve(seen, seen * z - xy, weight, 0.0)
    for step in range(10):
        depth = np.maximum(z + t_z, 0.5 * NEAR_M)
        at = (xy + t_xy) / depth
        off = seen - at
        error = np.abs(off)
        deviation = max(1.4826 * median(error[counts].tolist()), 1e-6)
        fits = error < OUTLIER_DEVIATIONS * deviation if squares else 1 / (error + deviation)
        move_xy, move_z = _solve(at, off * depth, weight * fits / (depth * depth), t_z)
        t_xy, t_z = t_xy + move_xy, t_z + move_z
        moved_m = max(abs(move_xy), abs(move_z))
        if squares and moved_m < 1e-5:
            break
        squares = squares or moved_m < _SORTED_M or step == 4
    return np.array([t_xy.real, t_xy.imag, t_z])


def _solve(c: Complex, b: Complex, w: Float64, z: float) -> tuple[complex, float]:
    """Weighted least squares for d in d_xy - c d_z = b, with z + d_z kept between NEAR_M and FAR_M.

    c, b: (N,) x and y. w: (N,). z: the depth now, metres. All moments come from one product.
    """
    rows = np.array([np.ones_like(c), c, b])
    (whole, _, _), (c_sum, cc, cb), (b_sum, _, _) = ((rows * w) @ rows.conj().T).tolist()
    c_mean, b_mean = c_sum / whole, b_sum / whole
    spread = cc.real / whole.real - abs(c_mean) ** 2
    together = (cb / whole - c_mean * b_mean.conjugate()).real
    dz = min(max(z - together / max(spread, 1e-12), NEAR_M), FAR_M) - z
    return b_mean + c_mean * dz, dz


def root_from_silhouette(
    vertices_rel_m: ArrayLike, mask: NDArray[np.bool_], camera: Camera, start_m: ArrayLike
) -> Float64:
    """The translation (3,) at which the vertices (V, 3) project to the extents of the mask (H, W) on 12 axes.

    Gauss-Newton from `start_m`. Extents at the frame's border, where the hand is cut off, do not count.
    """
    if mask.shape != (camera.height, camera.width):
        raise ValueError(f"mask: expected {(camera.height, camera.width)} as the camera, got {mask.shape}")
    V, t = np.asarray(vertices_rel_m, np.float64), np.asarray(start_m, np.float64)
    target, seen = _extents(mask)
    if seen.sum() < 3:
        return t
    directions = np.concatenate([AXES, -AXES])
    for _ in range(10):
        P = V + t
        P[:, 2] = np.maximum(P[:, 2], NEAR_M)
        px = project(P, camera)
        outermost = (px @ directions.T).argmax(0)
        q, p = px[outermost], P[outermost]
        r = (q * directions).sum(1) - target
        J = np.empty((len(directions), 3))
        J[:, :2] = directions * [camera.fx, camera.fy] / p[:, 2:]
        J[:, 2] = -((q - [camera.cx, camera.cy]) * directions).sum(1) / p[:, 2]
        deviation = max(1.4826 * float(np.median(np.abs(r[seen]))), 0.5)
        w = seen / np.maximum(np.abs(r) / (2 * deviation), 1.0)  # Huber's
        H = (J.T * w) @ J
        step = np.linalg.solve(H + 1e-9 * np.trace(H) * np.eye(3), (J.T * w) @ r)
        t = t - step
        t[2] = min(max(t[2], NEAR_M), FAR_M)
        if np.abs(step).max() < 1e-6:
            break
    return t


def _extents(mask: NDArray[np.bool_]) -> tuple[Float64, NDArray[np.bool_]]:
    """How far the mask reaches along AXES, then -AXES, (24,) pixels; and where that is inside the frame."""
    h, w = mask.shape
    rows = np.flatnonzero(mask.any(1))
    part = mask[rows]
    first, last = part.argmax(1), w - 1 - part[:, ::-1].argmax(1)
    ends = np.column_stack([np.concatenate([first, last]), np.tile(rows, 2)]).astype(np.float64)
    reach = ends @ np.concatenate([AXES, -AXES]).T
    best = reach.argmax(0)
    x, y = ends[best].T
    inside = (x > 0) & (x < w - 1) & (y > 0) & (y < h - 1)
    # An outline passes, on average, half a pixel beyond the last pixel centre that it covers.
    return reach[best, np.arange(reach.shape[1])] + 0.5, inside
