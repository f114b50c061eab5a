"""Low latency: the newest frame there is, and the hands where they should be in it by now."""

from __future__ import annotations

import math
from dataclasses import replace

from app.frame import Frame, Picture
from models.tracking.prediction import HandPredictor


class LookAhead:
    """Chooses what is drawn. Without prediction, hands are drawn on the very frame they were found in."""

    def __init__(self) -> None:
        self._predictor = HandPredictor()
        self._drawn_s = -math.inf  # the time of the newest frame that was drawn

    @property
    def error_px(self) -> float | None:
        """How far off the predicted joints have been of late."""
        return self._predictor.error_px

    def __call__(self, picture: Picture, newest: Frame | None, most_ms: float) -> Picture | None:
        """A frame and the hands in it; None where nothing newer than what was drawn last can be had.

        picture: the newest that was searched for hands. newest: captured since. most_ms: how far ahead hands
        are predicted, milliseconds.
        """
        if most_ms <= 0:
            return picture
        self._predictor.update(picture.hands)
        if newest is not None and newest.image_rgb.shape == picture.frame.image_rgb.shape:
            ahead_s = newest.time_s - picture.time_s
            if 0 < ahead_s <= most_ms / 1e3:
                predicted = self._predictor.at(newest.time_s)
                picture = Picture.undrawn(newest, replace(picture.found, hands=predicted))
        if picture.time_s <= self._drawn_s:
            return None
        self._drawn_s = picture.time_s
        return picture
