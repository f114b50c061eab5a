"""Errors between predicted and true points, as the papers define them. NumPy only, batched, no state.

Points come as (B, N, 3) in metres or (B, N, 2) in pixels; errors go out in the same unit. `weights` (B, N)
says which points count: 0 leaves one out. A missing prediction is a row of NaN and stays NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from models.types import Float64, Handedness

ROOT = 0  # the wrist


def point_errors(predicted: ArrayLike, target: ArrayLike) -> Float64:
    """(B, N) distance of each point from its true place. The mean is MPJPE, for joints, or MPVPE."""
    return np.asarray(
        np.linalg.norm(np.asarray(predicted, np.float64) - np.asarray(target, np.float64), axis=-1)
    )


def root_relative(points: ArrayLike, root: ArrayLike | None = None) -> Float64:
    """(B, N, 3) points as seen from their own first one, or from root (B, 3)."""
    p = np.asarray(points, np.float64)
    return p - (p[:, ROOT] if root is None else np.asarray(root, np.float64))[:, None]


def mean_errors(errors: ArrayLike, weights: ArrayLike | None = None) -> Float64:
    """(B,) weighted mean of (B, N) errors; NaN where no point counts."""
    e = np.asarray(errors, np.float64)
    w = np.ones_like(e) if weights is None else np.asarray(weights, np.float64)
    total = w.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(w > 0, e * w, 0).sum(-1) / total


def align(
    predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None
) -> tuple[Float64, Float64, Float64]:
    """Similarities s (B,), R (B, 3, 3), t (B, 3) that best map predicted onto target, both (B, N, 3).

    `models.geometry.procrustes` for a batch, with weights: target ~ s R predicted + t (Umeyama 1991). Rows
    that hold NaN or weigh nothing come out as NaN.
    """
    X, Y = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    w = (np.ones(X.shape[:2]) if weights is None else np.asarray(weights, np.float64))[..., None]
    X, Y = np.where(w > 0, X, 0), np.where(w > 0, Y, 0)
    total = w.sum(1)
    known = np.isfinite(X).all((1, 2)) & np.isfinite(Y).all((1, 2)) & (total[:, 0] > 0)
    s, R, t = np.full(len(X), np.nan), np.full((len(X), 3, 3), np.nan), np.full((len(X), 3), np.nan)
    X, Y, w, total = X[known], Y[known], w[known], total[known]
    mx, my = (w * X).sum(1) / total, (w * Y).sum(1) / total
    X0, Y0 = X - mx[:, None], Y - my[:, None]
    U, S, Vt = np.linalg.svd((w * Y0).swapaxes(1, 2) @ X0)
    D = np.ones_like(S)
    D[:, 2] = np.sign(np.linalg.det(U @ Vt))  # a rotation, never a mirror
    R[known] = (U * D[:, None]) @ Vt
    s[known] = (S * D).sum(1) / np.maximum((w * X0**2).sum((1, 2)), 1e-20)
    t[known] = my - s[known, None] * (R[known] @ mx[..., None])[..., 0]
    return s, R, t


def moved(points: ArrayLike, similarity: tuple[Float64, Float64, Float64]) -> Float64:
    """(B, N, 3) points through the similarities (s, R, t) of `align`."""
    s, R, t = similarity
    return s[:, None, None] * (np.asarray(points, np.float64) @ R.swapaxes(1, 2)) + t[:, None]


def aligned_errors(predicted: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Float64:
    """(B, N) errors after the best similarity: their mean is PA-MPJPE or PA-MPVPE."""
    return point_errors(moved(predicted, align(predicted, target, weights)), target)


def palm_frames(joints: ArrayLike, sides: list[Handedness]) -> Float64:
    """(B, 3, 3), rows: towards the fingers, towards the thumb, out of the back of the hand.

    joints: (B, 21, 3). The same anatomy for both sides, so a left hand's frame is a mirrored one.
    """
    j = np.asarray(joints, np.float64)
    fingers = j[:, 9] - j[:, 0]
    fingers /= np.linalg.norm(fingers, axis=1, keepdims=True)
    thumb = j[:, 5] - j[:, 17]
    thumb -= (thumb * fingers).sum(1, keepdims=True) * fingers
    thumb /= np.linalg.norm(thumb, axis=1, keepdims=True)
    mirror = np.array([1.0 if side == "right" else -1.0 for side in sides])
    return np.stack([fingers, thumb, mirror[:, None] * np.cross(fingers, thumb)], 1)


def errors_without_offsets(
    predicted: ArrayLike, target: ArrayLike, sides: list[Handedness], weights: ArrayLike | None = None
) -> Float64:
    """(B, N) aligned errors that remain once each joint's mean offset in the palm's frame is removed.

    Two definitions of "knuckle" differ by a constant in the palm's frame, which says nothing of how well a
    hand is seen. The offsets are learnt on the first half of the rows and taken from the second, and the
    other way round; then the hand is aligned again. Where a half has nothing to learn from, NaN.
    """
    Y = np.asarray(target, np.float64)
    w = np.ones(Y.shape[:2]) if weights is None else np.asarray(weights, np.float64)
    aligned = moved(predicted, align(predicted, Y, w))
    known = np.asarray(np.isfinite(aligned).all((1, 2)))
    frames = palm_frames(Y, sides)
    off = (aligned - Y) @ frames.swapaxes(1, 2)
    first = np.arange(len(Y)) < (len(Y) + 1) // 2
    corrected = np.full_like(aligned, np.nan)
    for learn, apply in ((first, ~first), (~first, first)):
        votes = np.where((known & learn)[:, None], w, 0)[..., None]
        with np.errstate(invalid="ignore"):
            offsets = np.where(votes > 0, off * votes, 0).sum(0) / votes.sum(0)
        offsets = np.where(votes.sum(0) > 0, offsets, np.nan)
        corrected[apply] = aligned[apply] - offsets @ frames[apply]
    return aligned_errors(corrected, Y, w)


def pck(errors: ArrayLike, thresholds: ArrayLike) -> Float64:
    """(T,) fraction of the errors that are at most each of the thresholds (T,); NaN errors are left out."""
    e = np.sort(_known(errors))
    if len(e) == 0:
        return np.full(np.shape(thresholds), np.nan)
    return np.asarray(np.searchsorted(e, np.asarray(thresholds), side="right") / len(e))


def auc(errors: ArrayLike, low: float, high: float) -> float:
    """Area under PCK from low to high over its width, 0 .. 1: the integral itself, not a sum over steps."""
    e = _known(errors)
    if not low < high:
        raise ValueError(f"auc: expected low < high, got {low} and {high}")
    return float(np.clip((high - e) / (high - low), 0, 1).mean()) if len(e) else float("nan")


def f_score(predicted: ArrayLike, target: ArrayLike, threshold: float) -> float:
    """Harmonic mean of precision and recall of one point set (N, 3) against another (M, 3).

    A point is right if the other set has one nearer than the threshold: no order is assumed, so meshes of
    different make can be compared (F@5 mm, F@15 mm of FreiHAND).
    """
    P, T = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    precision = float((cKDTree(T).query(P)[0] < threshold).mean())
    recall = float((cKDTree(P).query(T)[0] < threshold).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def acceleration(points: ArrayLike, fps: float | None = None) -> Float64:
    """(T - 2,) mean length of the points' second difference over time, (T, N, D): unit per frame².

    With fps, unit per s². A frame without points is a row of NaN; the three moments that need it are NaN.
    """
    p = np.asarray(points, np.float64)
    change = np.linalg.norm(p[2:] - 2 * p[1:-1] + p[:-2], axis=-1).mean(-1)
    return np.asarray(change if fps is None else change * fps**2)


def _known(errors: ArrayLike) -> Float64:
    e = np.asarray(errors, np.float64).ravel()
    return e[np.isfinite(e)]
