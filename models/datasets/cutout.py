"""A hand cut out of its photograph, to be laid into other pictures where its place is known."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.types import Float32, Float64, Handedness

_BONES = [(0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21)]
_PALM = [0, 1, 5, 9, 13, 17]
_SURE, _MAY_BE = 0.08, 0.22  # from the bones, in palm lengths: skin for sure, skin perhaps
_ARM = 0.7  # of the arm behind the wrist that may be kept, in palm lengths
_ROUNDS = 4
_LEAST = 0.4  # area of a hand, in areas of the convex hull of its joints


@dataclass(frozen=True, eq=False)
class Cutout:
    """A hand without its surroundings."""

    image: NDArray[np.uint8]  # (H, W, 3) RGB
    alpha: NDArray[np.float32]  # (H, W) 0..1
    joints_px: Float32  # (21, 2)
    handedness: Handedness


def cut_out(picture: NDArray[np.uint8], joints_px: Float32, handedness: Handedness) -> Cutout | None:
    """The hand with these joints (21, 2) of a photograph (H, W, 3); None where too little was told apart.

    GrabCut (Rother et al., 2004), told where bones are. Of the arm little stays.
    """
    height, width = picture.shape[:2]
    palm = max(float(np.linalg.norm(joints_px[9] - joints_px[0])), 1.0)
    sure, may_be = (_around(joints_px, r * palm, (height, width)) for r in (_SURE, _MAY_BE))
    arm = np.stack([joints_px[0], joints_px[0] - _ARM * (joints_px[9] - joints_px[0])])
    wrist, elbow = np.round(arm).astype(int).tolist()
    cv2.line(may_be, wrist, elbow, 1, max(int(0.7 * palm), 1))
    labels = np.full((height, width), cv2.GC_BGD, np.uint8)
    labels[may_be > 0] = cv2.GC_PR_FGD
    labels[sure > 0] = cv2.GC_FGD
    bgr = np.ascontiguousarray(picture[..., ::-1])
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(bgr, labels, (0, 0, 0, 0), *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    mask = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    hull = cv2.contourArea(cv2.convexHull(joints_px.astype(np.float32)))
    if float(mask.sum()) < _LEAST * hull:
        return None
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0)
    return Cutout(picture, np.asarray(alpha, np.float32), joints_px.astype(np.float32), handedness)


def lay_in(
    picture: NDArray[np.uint8], hand: Cutout, matrix: Float64
) -> tuple[NDArray[np.uint8], Float32, NDArray[np.float32]]:
    """A hand laid over a picture (H, W, 3) by a (2, 3) matrix: the picture, the joints in it, its alpha."""
    height, width = picture.shape[:2]
    M = np.asarray(matrix, np.float64)
    h, w = hand.alpha.shape
    corners = np.array([[0, 0], [w, 0], [0, h], [w, h]]) @ M[:, :2].T + M[:, 2]
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int), 0, [width, height])
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, [width, height])
    laid, whole = picture.copy(), np.zeros((height, width), np.float32)
    if x1 > x0 and y1 > y0:
        part = M - [[0, 0, x0], [0, 0, y0]]
        size = (int(x1 - x0), int(y1 - y0))
        image = cv2.warpAffine(hand.image, part, size, flags=cv2.INTER_LINEAR)
        alpha = whole[y0:y1, x0:x1] = cv2.warpAffine(hand.alpha, part, size)
        under = picture[y0:y1, x0:x1].astype(np.float32)
        laid[y0:y1, x0:x1] = (under + alpha[..., None] * (image - under)).astype(np.uint8)
    joints = hand.joints_px @ M[:, :2].T + M[:, 2]
    return laid, joints.astype(np.float32), whole


def _around(joints_px: Float32, radius: float, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Where the bones and the palm are, and `radius` pixels around them."""
    mask = np.zeros(shape, np.uint8)
    at = np.round(joints_px).astype(np.int32)
    thick = max(int(2 * radius), 1)
    for a, b in _BONES:
        cv2.line(mask, at[a].tolist(), at[b].tolist(), 1, thick)
    palm = cv2.convexHull(at[_PALM])
    cv2.fillConvexPoly(mask, palm, 1)
    cv2.polylines(mask, [palm], True, 1, thick)
    return mask
