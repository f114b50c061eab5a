"""Silhouettes and finger parts: drawn from a mesh, and compared by overlap and by outline."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.geometry import project
from models.types import Camera

Mask = NDArray[np.bool_]

SIZE = 224  # side of the square picture in which silhouettes are compared, as in Tang et al. (2021)
PARTS = {"palm": 1, "thumb": 2, "index": 3, "middle": 4, "ring": 5, "little": 6}  # 0: background


def iou(a: ArrayLike, b: ArrayLike) -> float:
    """Overlap of two masks over their union; 1 where both are empty."""
    a, b = np.asarray(a, bool), np.asarray(b, bool)
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def mean_iou(a: ArrayLike, b: ArrayLike, labels: list[int]) -> float:
    """Mean IoU over the labels that at least one of two label pictures shows; NaN if none."""
    a, b = np.asarray(a), np.asarray(b)
    shown = [label for label in labels if (a == label).any() or (b == label).any()]
    return float(np.mean([iou(a == label, b == label) for label in shown])) if shown else float("nan")


def hausdorff_95(a: ArrayLike, b: ArrayLike) -> float:
    """95th percentile of the distances between two masks' outlines, both ways taken together, pixels.

    0 where both masks are empty; the picture's diagonal where one is.
    """
    a, b = np.asarray(a, bool), np.asarray(b, bool)
    if not (a.any() and b.any()):
        return float(np.hypot(*a.shape)) if a.any() or b.any() else 0.0
    edge_a, edge_b = _outline(a), _outline(b)
    ways = (_distance_to(edge_b)[edge_a], _distance_to(edge_a)[edge_b])
    return float(np.percentile(np.concatenate(ways), 95))


def draw_parts(
    vertices_m: ArrayLike, faces: NDArray[np.int32], regions: NDArray[np.uint8], camera: Camera
) -> NDArray[np.uint8]:
    """(H, W) of PARTS: what the camera sees of a mesh, 0 elsewhere.

    vertices_m: (V, 3) in the camera frame, metres. regions: (V,) 0 palm .. 5 little finger. Triangles are
    painted from far to near; a triangle belongs to the region of most of its corners. Nothing is drawn of a
    mesh that reaches behind the camera.
    """
    v = np.asarray(vertices_m, np.float64)
    picture = np.zeros((camera.height, camera.width), np.uint8)
    if v[:, 2].min() <= 1e-3:
        return picture
    corners = regions[faces]
    label = np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0]) + 1
    shift = 4  # of OpenCV's sixteenths of a pixel
    triangles = np.round(project(v, camera)[faces] * 2**shift).clip(-(2**20), 2**20).astype(np.int32)
    for k in np.argsort(-v[faces, 2].mean(1)):
        cv2.fillConvexPoly(picture, triangles[k], int(label[k]), cv2.LINE_8, shift)
    return picture


def _distance_to(mask: Mask) -> NDArray[np.float32]:
    """(H, W) distance of each pixel to the nearest of the mask's."""
    outside = (~mask).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def _outline(mask: Mask) -> Mask:
    """The mask's own pixels with a neighbour, of four, outside it or outside the picture."""
    inside = cv2.erode(mask.astype(np.uint8), np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8),
                       borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,))  # fmt: skip
    return mask & (inside == 0)
