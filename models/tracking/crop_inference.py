"""One step of following hands: cut the crop around each, and ask the network what it shows."""

from __future__ import annotations

from collections.abc import Sequence

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
        self, frame_rgb: NDArray[np.uint8], camera: Camera, hands: Sequence[tuple[Float32, Handedness]]
    ) -> list[Detection]:
        """Hands of a frame (H, W, 3), RGB uint8, as the network sees them now; two are shown to it at once.

        hands: each the joints (21, 2) that its crop is cut around, and its side; a left hand's crop is
        mirrored. `presence` says whether there is a hand at all.
        """
        size = self._method.input_size
        with self._times("crop"):
            crops = [crop_hand(frame_rgb, camera, joints_px, side, size) for joints_px, side in hands]
        with self._times("network"):
            known = [self._saver.recall(crop) if self._saver is not None else None for crop in crops]
            asked = [crop for crop, detection in zip(crops, known, strict=True) if detection is None]
            if len(asked) == 2:
                found = self._method.infer_pair(asked, camera)
            else:
                found = [self._method.infer(crop, camera) for crop in asked]
        if self._saver is not None:
            for crop, detection in zip(asked, found, strict=True):
                self._saver.remember(crop, detection)
        new = iter(found)
        return [next(new) if detection is None else detection for detection in known]
