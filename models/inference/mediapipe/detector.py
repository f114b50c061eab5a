"""Hands in a whole picture by MediaPipe's HandLandmarker (Apache-2.0): the baseline of our own detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.inference.bundle import BUNDLE
from models.inference.mediapipe.landmarker import HandLandmarker
from models.types import Detection, Handedness


class MediaPipeDetector:
    """Finds up to `max_hands` hands, each picture on its own. Not for use by several threads at once."""

    def __init__(self, max_hands: int = 2, min_score: float = 0.5, bundle: Path = BUNDLE) -> None:
        """Load the bundle. Raises FileNotFoundError or ChangedAsset if it is not whole.

        min_score: palms and hands less sure than this are left out, 0..1.
        """
        self._landmarker = HandLandmarker(False, max_hands, min_score, bundle=bundle)

    def detect(self, frame_rgb: NDArray[np.uint8]) -> list[Detection]:
        """Hands in a frame (H, W, 3), RGB uint8, not mirrored; the surest first."""
        h, w = frame_rgb.shape[:2]
        found = self._landmarker(frame_rgb)
        detections = []
        for joints, world, kinds in zip(
            found.hand_landmarks, found.hand_world_landmarks, found.handedness, strict=True
        ):
            handedness: Handedness = "right" if kinds[0].category_name == "Right" else "left"
            joints_2d_px = np.array([[p.x * w - 0.5, p.y * h - 0.5] for p in joints], np.float32)
            joints_world_m = np.array([[p.x, p.y, p.z] for p in world], np.float32)
            # The Tasks API keeps the presence score to itself; what it returns has passed `min_score`.
            score = float(kinds[0].score)
            detections.append(Detection(joints_2d_px, handedness, score, max(score, 0.5), joints_world_m))
        return sorted(detections, key=lambda d: -d.presence)

    def close(self) -> None:
        """Free the native graph; the detector is of no use afterwards."""
        self._landmarker.close()
