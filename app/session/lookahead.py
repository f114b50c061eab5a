"""Low latency: the newest frame there is, and the hands where they should be in it by now."""

from __future__ import annotations

import math

from app.capture import Frame
from models.tracking.prediction import HandPredictor
from models.types import HandMesh

Hands = tuple[HandMesh, ...]


class LookAhead:
    """Chooses what is drawn. Without prediction, hands are drawn on the very frame they were found in."""

    def __init__(self) -> None:
        self._predictor = HandPredictor()
        self._drawn_s = -math.inf  # the time of the newest frame that was drawn

    @property
    def error_px(self) -> float | None:
        """How far off the predicted joints have been of late."""
        return self._predictor.error_px

    def __call__(
        self, frame: Frame, hands: Hands, newest: Frame | None, most_ms: float
    ) -> tuple[Frame, Hands] | None:
        """A frame and the hands in it; None where nothing newer than what was drawn last can be had.

        frame, hands: what was looked at. newest: captured since. most_ms: how far ahead hands are foretold.
        """
        if most_ms <= 0:
            return frame, hands
        self._predictor.update(hands)
        if newest is not None and newest.image_rgb.shape == frame.image_rgb.shape:
            ahead_s = newest.time_s - frame.time_s
            if 0 < ahead_s <= most_ms / 1e3:
                frame, hands = newest, self._predictor.at(newest.time_s)
        if frame.time_s <= self._drawn_s:
            return None
        self._drawn_s = frame.time_s
        return frame, hands
