"""A recording's hands as a model to be judged: what was found then is its answer now."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from models.datasets.samples import Prediction
from models.types import Camera, Handedness, HandMesh

_NEAR_S = 0.01
"""A frame answers for a moment that is no further than this from its own; frames are 8 ms apart at least."""


class Replay:
    """A `Predictor` that answers by time; for video sets only."""

    detector_runs: int | None = None

    def __init__(self, frames: Iterable[tuple[float, tuple[HandMesh, ...]]]) -> None:
        """frames: (time, hands), seconds since the first frame."""
        kept = list(frames)
        self._times = np.array([time_s for time_s, _ in kept])
        self._hands = [hands for _, hands in kept]

    def still(
        self, image_rgb: NDArray[np.uint8], camera: Camera, handedness: Handedness
    ) -> Prediction | None:
        """Nothing: a recording knows no stills."""
        return None

    def track(self, frame_rgb: NDArray[np.uint8], camera: Camera, time_s: float) -> Prediction | None:
        """The first hand of the recorded frame of that time."""
        if not len(self._times):
            return None
        nearest = int(np.abs(self._times - time_s).argmin())
        if abs(self._times[nearest] - time_s) > _NEAR_S or not self._hands[nearest]:
            return None
        hand = self._hands[nearest][0]
        return Prediction(hand.joints_2d_px, hand.joints_m, hand.vertices_m, presence=hand.presence)

    def close(self) -> None:
        """Nothing to free."""
