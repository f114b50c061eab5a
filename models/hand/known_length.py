"""A hand's true size from a card of known size that lies on its palm, in one picture of a known camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.geometry import project, rays
from models.hand.hand_data import HandData
from models.types import Camera

CARD_M = (0.0856, 0.05398)
"""A bank card (ISO/IEC 7810 ID-1), metres."""
JOINTS_BEHIND_M = 0.012
"""How far the knuckles' joints lie behind a card on the palm: half the palm's thickness."""
SCALES = (0.6, 1.5)  # of hands, a child's to a giant's
_WORST_SHARE = 0.03  # reprojection error over the card's longer side: beyond it the four points are no card
_KNUCKLES = (5, 17)  # of the index and the little finger


@dataclass(frozen=True)
class CardFit:
    """Where the card lies."""

    R: NDArray[np.float64]  # (3, 3) card -> camera frame; the third column leaves the camera
    middle_m: NDArray[np.float64]  # (3,)
    error_px: float  # of its corners


def fit_card(corners_px: ArrayLike, camera: Camera) -> CardFit:
    """The card from its four corners (4, 2), clicked in any order round it.

    Raises ValueError where they can't be a card's.
    """
    corners = _round_it(np.asarray(corners_px, np.float64))
    sides = np.linalg.norm(np.roll(corners, -1, 0) - corners, axis=1)
    if sides.min() < 12:
        raise ValueError("the card's corners are too near each other; hold it nearer, or mark them again")
    w, h = CARD_M[0] / 2, CARD_M[1] / 2
    # Of the two ways to lay the card's long side, the one that fits.
    fits = []
    for a, b in ((w, h), (h, w)):
        points = np.array([[-a, -b, 0], [a, -b, 0], [a, b, 0], [-a, b, 0]])
        found, turn, place = cv2.solvePnP(points, corners, camera.K, None, flags=cv2.SOLVEPNP_IPPE)
        if found:
            R = np.asarray(cv2.Rodrigues(turn)[0], np.float64)
            t = np.asarray(place, np.float64).ravel()
            off = project(points @ R.T + t, camera) - corners
            fits.append(CardFit(R, t, float(np.sqrt((off**2).sum(1).mean()))))
    best = min(fits, key=lambda fit: fit.error_px, default=None)
    if best is None or best.middle_m[2] <= 0 or best.error_px > _WORST_SHARE * sides.max():
        raise ValueError("these four points are no bank card's corners; mark all four, as exactly as you can")
    return best


def scale_from_card(card: CardFit, joints_2d_px: ArrayLike, camera: Camera, hand: HandData) -> float:
    """How much larger the hand is than the model `hand`, by its knuckles (21, 2) seen behind the card.

    The palm lies in the card's plane, the joints JOINTS_BEHIND_M deeper. Raises ValueError where the answer
    is no hand's.
    """
    normal = card.R[:, 2] * np.sign(card.R[:, 2] @ card.middle_m)  # away from the camera
    depth = (card.middle_m + JOINTS_BEHIND_M * normal) @ normal
    sight = rays(np.asarray(joints_2d_px)[list(_KNUCKLES)], camera)
    slope = sight @ normal
    if slope.min() < 0.2:
        raise ValueError("the card is seen from its edge; hold hand and card straight to the camera")
    points = sight * (depth / slope)[:, None]
    rest = (hand.regressor_21 @ hand.template_m)[list(_KNUCKLES)]
    scale = float(np.linalg.norm(points[1] - points[0]) / np.linalg.norm(rest[1] - rest[0]))
    low, high = SCALES
    if not low <= scale <= high:
        raise ValueError(
            f"by this card the hand is {scale:.2g} times a common one; hold card and palm together and mark "
            "the corners again"
        )
    return scale


def _round_it(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The corners in order round their middle, clockwise in the picture."""
    if corners.shape != (4, 2) or not np.isfinite(corners).all():
        raise ValueError(f"card: expected four corners, got {corners.shape}")
    way = corners - corners.mean(0)
    return corners[np.argsort(np.arctan2(way[:, 1], way[:, 0]))]
