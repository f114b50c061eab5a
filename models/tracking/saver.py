"""Saving power: a hand that holds still is not inferred again in every frame.

What the network was last shown of a hand is kept, averaged down so far that a sensor's noise is gone from it
and half a pixel's motion is not. While what it would be shown now is the same, its last answer stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.types import Crop, Detection, Float32

CELLS = 28
"""A crop is compared as so many cells a side, each the mean of 8 x 8 pixels of 224."""
STILL = 6.0
"""Cells of a hand that holds still differ by less, of 255: noise of 8 a pixel by 4 or so. An edge that
moves by half a crop's pixel changes its cells by more."""
MOST_REUSES = 14
"""Then the network is asked in any case: twice a second at 30 frames a second."""


@dataclass
class _Shown:
    """One hand, as the network was last shown it."""

    cells: Float32  # (CELLS, CELLS, 3)
    axis: Float32  # (3,) towards the crop's middle, camera frame
    mirrored: bool
    detection: Detection
    reuses: int = 0


class Saver:
    """The last answers for a few hands. One thread."""

    def __init__(self, hands: int = 4) -> None:
        self._hands = hands
        self._shown: list[_Shown] = []

    def recall(self, crop: Crop) -> Detection | None:
        """The last answer for this hand, where nothing has moved since; else None."""
        shown = self._same_hand(crop)
        if shown is None or shown.reuses >= MOST_REUSES:
            return None
        if float(np.abs(_cells(crop) - shown.cells).max()) > STILL:
            return None
        shown.reuses += 1
        return shown.detection

    def remember(self, crop: Crop, detection: Detection) -> None:
        """What the network has just answered to a crop."""
        known = self._same_hand(crop)
        others = [shown for shown in self._shown if shown is not known]
        new = _Shown(_cells(crop), _axis(crop), crop.mirrored, detection)
        self._shown = [new, *others][: self._hands]

    def _same_hand(self, crop: Crop) -> _Shown | None:
        """The one shown that was cut around the same place, within a tenth of the crop's breadth."""
        near = 0.1 * crop.camera.width / crop.camera.fx
        alike = [s for s in self._shown if s.mirrored == crop.mirrored]
        return next((s for s in alike if float(np.linalg.norm(s.axis - _axis(crop))) < near), None)


def _cells(crop: Crop) -> Float32:
    return cv2.resize(crop.image_rgb, (CELLS, CELLS), interpolation=cv2.INTER_AREA).astype(np.float32)


def _axis(crop: Crop) -> Float32:
    return crop.R_crop_cam[2].astype(np.float32)
