"""One step of following a hand: cut the crop around it, and ask the network what it shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.inference.landmark_runtime import crop_hand
from models.tracking.reconstruction import Reconstruction
from models.tracking.saver import Saver
from models.tracking.stages import StageTimes
from models.types import Camera, Detection, Float32, Handedness


class CropInference:
    """A reconstruction method as the tracker asks it; its times go to the stages `crop` and `network`."""

    def __init__(self, method: Reconstruction, times: StageTimes, saver: Saver | None = None) -> None:
        """saver: answers in the network's place while a hand holds still."""
        self._method, self._times, self._saver = method, times, saver

    def __call__(
        self, frame_rgb: NDArray[np.uint8], camera: Camera, joints_px: Float32, handedness: Handedness
    ) -> Detection:
        """The hand around (21, 2) joints of a frame (H, W, 3), RGB uint8, as the network sees it now.

        handedness: a left hand's crop is mirrored. `presence` says whether there is a hand at all.
        """
        with self._times("crop"):
            crop = crop_hand(frame_rgb, camera, joints_px, handedness, self._method.input_size)
        with self._times("network"):
            if self._saver is not None and (detection := self._saver.recall(crop)) is not None:
                return detection
            detection = self._method.infer(crop, camera)
        if self._saver is not None:
            self._saver.remember(crop, detection)
        return detection
