"""The outline of an open hand, from the hand model that ships: what to show to the camera."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QPainterPath

from models.hand.hand_data import load_open_hand

_DRAWN_PX = 700  # how tall the hand is drawn to be traced
_SMOOTH_PX = 9.0  # standard deviation along the outline: steps of pixels go, fingertips stay
_OPEN = 0.955  # of its height: below, at the wrist, the line stays open
_POINTS = 400


@lru_cache(maxsize=1)
def hand_outline() -> NDArray[np.float64]:
    """(N, 2) from one side of the wrist round the fingers to the other: x about 0, y from 0, the longest
    fingertip, to 1, the wrist."""
    hand = load_open_hand()
    flat = hand.template_m[:, :2]  # seen from the front; y grows down
    flat = flat - [flat[:, 0].mean(), flat[:, 1].min()]
    scale = _DRAWN_PX / np.ptp(flat[:, 1])
    margin = 20
    px = flat * scale
    px[:, 0] -= px[:, 0].min()
    width = int(np.ceil(px[:, 0].max())) + 2 * margin
    mask = np.zeros((_DRAWN_PX + 2 * margin, width), np.uint8)
    for triangle in np.rint((px + margin)[hand.faces] * 16).astype(np.int32):
        cv2.fillConvexPoly(mask, triangle, 255, cv2.LINE_8, 4)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    line = max(contours, key=len)[:, 0].astype(np.float64) - margin
    start = int(np.argmax(line[:, 1]))
    line = np.roll(line, -start, axis=0)
    smooth = np.stack([_smoothed(line[:, axis]) for axis in (0, 1)], 1) / _DRAWN_PX
    smooth = smooth[smooth[:, 1] < _OPEN]
    smooth[:, 0] -= (smooth[:, 0].min() + smooth[:, 0].max()) / 2
    return smooth[np.linspace(0, len(smooth) - 1, _POINTS).astype(int)]


def outline_path(centre: QPointF, height: float) -> QPainterPath:
    """The outline so tall, pixels, about a point."""
    path = QPainterPath()
    for index, (x, y) in enumerate(hand_outline()):
        point = QPointF(centre.x() + height * x, centre.y() + height * (y - 0.5))
        if index:
            path.lineTo(point)
        else:
            path.moveTo(point)
    return path


def _smoothed(closed: NDArray[np.float64]) -> NDArray[np.float64]:
    """A closed line's coordinate, without the steps of pixels."""
    reach = round(4 * _SMOOTH_PX)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SMOOTH_PX) ** 2)
    padded = np.concatenate([closed[-reach:], closed, closed[:reach]])
    return np.convolve(padded, kernel / kernel.sum(), "valid")
