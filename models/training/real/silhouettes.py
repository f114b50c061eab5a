"""Silhouettes of photographed hands, guessed by GrabCut (Rother et al., SIGGRAPH 2004) from a fitted mesh.

A guess is believed only if all of these hold: it overlaps the mesh, its border is where colours change, the
joints lie in it, and it doesn't grow beyond the mesh. Nearer the arm than the wrist nothing is claimed: where
a hand ends there is a matter of taste.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.types import Float32

SIDE = 112
"""Of the picture in which a hand is cut out, pixels."""
OUTLINE_POINTS = 96
_WRIST = 0.12
"""Where the hand begins for the outline, from the wrist joint towards the middle knuckle (at 1)."""
_ARM = 0.6  # how far the other way pixels may be the arm's
_ROUNDS = 4
_NEAR = 4
"""Farther from the mesh than this, pixels, nothing is the hand: gaps between fingers stay open."""
_BRIDGE = 2.6
"""Border farther outside the mesh than this, pixels, most often closes a gap between two fingers."""
_LEAST_POINTS = 60


@dataclass(frozen=True)
class Belief:
    """From when on a guess is believed."""

    iou: float = 0.8  # with the mesh, beyond the wrist
    contrast: float = 28.0  # of 255: colours inside the border against those outside, in the median
    inside: float = 0.95  # of the joints
    grown: float = 0.02  # of the hand, that lies beside the mesh: gaps between fingers filled, mostly


@dataclass(frozen=True, eq=False)
class Silhouette:
    """A hand cut out of a crop."""

    outside: Float32  # (SIDE, SIDE) distance from the hand and the arm, in crop widths; 0 on them
    outline: Float32  # (OUTLINE_POINTS, 2) of the hand's border beyond the wrist, 0..1 of the crop
    hand: NDArray[np.bool_]  # (SIDE, SIDE)
    beyond: NDArray[np.bool_]  # (SIDE, SIDE) where the hand is claimed to be or not to be
    iou: float
    contrast: float
    inside: float
    grown: float

    def believed(self, belief: Belief | None = None) -> bool:
        """Whether it is good enough to learn from."""
        b = belief or Belief()
        good = self.iou > b.iou and self.contrast > b.contrast
        return bool(good and self.inside >= b.inside and self.grown < b.grown)


def silhouette_of(
    image_rgb: NDArray[np.uint8], mesh_uv: ArrayLike, faces: NDArray[np.int32], joints_uv: ArrayLike
) -> Silhouette | None:
    """A crop (S, S, 3), RGB, of a hand; its fitted mesh (V, 2) and joints (21, 2), 0..1 of the crop.

    None where there is nothing to cut out: no part of the hand lies well inside the crop.
    """
    image = np.asarray(cv2.resize(image_rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    mesh = drawn_mask(mesh_uv, faces)
    joints = np.asarray(joints_uv, np.float64)
    wrist, ahead = joints[0], joints[9] - joints[0]
    grid = (np.mgrid[:SIDE, :SIDE][::-1].transpose(1, 2, 0) + 0.5) / SIDE - wrist
    square = max(float(ahead @ ahead), 1e-6)
    along = grid @ ahead / square
    aside = np.abs(grid @ [-ahead[1], ahead[0]]) / square
    beyond = along > _WRIST
    arm = ~beyond & (along > -_ARM) & (aside < 0.6)
    found = _grab(image, mesh, arm)
    if found is None:
        return None
    hand = _largest(np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, _disc(1)), np.uint8))
    if hand is None:
        return None
    points = _border(hand, mesh, wrist, ahead / square)
    if len(points) < _LEAST_POINTS:
        return None
    chosen = np.linspace(0, len(points) - 1, OUTLINE_POINTS).round().astype(int)
    a, b = (hand > 0) & beyond, (mesh > 0) & beyond
    far = a & (cv2.dilate(mesh, _disc(_NEAR - 2)) == 0)
    x, y = np.clip(joints[1:] * SIDE, 0, SIDE - 1).astype(int).T
    outside = cv2.distanceTransform(1 - (hand | arm.astype(np.uint8)), cv2.DIST_L2, 5) / SIDE
    return Silhouette(
        outside.astype(np.float32),
        points[chosen].astype(np.float32),
        hand > 0,
        beyond,
        iou=float((a & b).sum() / max(1, (a | b).sum())),
        contrast=_contrast(image, hand, points),
        inside=float(cv2.dilate(hand, _disc(1))[y, x].mean()),
        grown=float(far.sum() / max(1, a.sum())),
    )


def drawn_mask(mesh_uv: ArrayLike, faces: NDArray[np.int32], side: int = SIDE) -> NDArray[np.uint8]:
    """(side, side) 1 where a mesh lies, 0 elsewhere; its vertices (V, 2), 0..1 of the crop."""
    picture = np.zeros((side, side), np.uint8)
    corners = np.round((np.asarray(mesh_uv) * side - 0.5)[faces] * 16).clip(-(2**20), 2**20)
    for triangle in corners.astype(np.int32):
        cv2.fillConvexPoly(picture, triangle, 1, cv2.LINE_8, 4)
    return picture


def _grab(
    image: NDArray[np.uint8], mesh: NDArray[np.uint8], arm: NDArray[np.bool_]
) -> NDArray[np.uint8] | None:
    label = np.full(mesh.shape, cv2.GC_BGD, np.uint8)
    label[cv2.dilate(mesh, _disc(_NEAR)) > 0] = cv2.GC_PR_BGD
    label[arm] = cv2.GC_PR_FGD
    label[mesh > 0] = cv2.GC_PR_FGD
    label[cv2.erode(mesh, _disc(3)) > 0] = cv2.GC_FGD
    if not (label == cv2.GC_FGD).any() or not (label == cv2.GC_BGD).any():
        return None
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(image, label, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    return np.isin(label, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)


def _largest(mask: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The largest part that hangs together."""
    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if n < 2:
        return None
    return np.asarray(labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax(), np.uint8)


def _border(
    hand: NDArray[np.uint8], mesh: NDArray[np.uint8], wrist: NDArray, per_ahead: NDArray
) -> NDArray[np.float64]:
    """(N, 2), 0..1 of the crop: the hand's border beyond the wrist, away from the crop's edge and from gaps
    between fingers that were filled."""
    contours, _ = cv2.findContours(hand, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    px = max(contours, key=len)[:, 0]
    points = (px + 0.5) / SIDE
    beside = cv2.distanceTransform(1 - mesh, cv2.DIST_L2, 5)[px[:, 1], px[:, 0]]
    kept = (points > 0.02).all(1) & (points < 0.98).all(1) & (beside < _BRIDGE)
    return np.asarray(points[kept & ((points - wrist) @ per_ahead > _WRIST)], np.float64)


def _contrast(image: NDArray[np.uint8], hand: NDArray[np.uint8], points: NDArray[np.float64]) -> float:
    """The median distance of colours two pixels inside the border from those two pixels outside."""
    smooth = cv2.GaussianBlur(image, (3, 3), 0).astype(np.float32)
    depth = cv2.GaussianBlur(hand.astype(np.float32), (7, 7), 0)
    gy, gx = np.gradient(depth)
    x, y = np.clip(points * SIDE, 0, SIDE - 1).astype(int).T
    inward = np.stack([gx[y, x], gy[y, x]], 1)
    inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-6)

    def colours(offset: float) -> NDArray:
        at = np.clip(np.stack([x, y], 1) + offset * inward, 0, SIDE - 1).round().astype(int)
        return np.asarray(smooth[at[:, 1], at[:, 0]])

    return float(np.median(np.linalg.norm(colours(2.0) - colours(-2.5), axis=1)))


def _disc(radius: int) -> NDArray[np.uint8]:
    size = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size), np.uint8)
