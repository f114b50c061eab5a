"""Find hands in a whole picture: MediaPipe's HandLandmarker (Apache-2.0), used when no hand is tracked."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.landmarks import BUNDLE
from models.manifest import shipped
from models.native import native_stderr_closed
from models.types import Detection, Side


class HandDetector:
    """Finds up to `max_hands` hands, each picture on its own. Not for use by several threads at once."""

    def __init__(self, max_hands: int = 2, min_score: float = 0.5, bundle: Path = BUNDLE) -> None:
        """Load the bundle. Raises FileNotFoundError or ChangedAsset if it is not whole.

        min_score: palms and hands less sure than this are left out, 0..1.
        """
        if not bundle.is_file():
            raise FileNotFoundError(f"{bundle} is missing; build it with: python -m tools.build_detector")
        import mediapipe  # takes over a second: only once a detector is wanted
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.HandLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(shipped(bundle))),
            running_mode=vision.RunningMode.IMAGE,
            num_hands=max_hands,
            min_hand_detection_confidence=min_score,
            min_hand_presence_confidence=min_score,
        )
        self._mp: Any = mediapipe
        with native_stderr_closed():
            self._landmarker = vision.HandLandmarker.create_from_options(options)
            self._close = weakref.finalize(self, _close, self._landmarker)
            self.detect(np.zeros((64, 64, 3), np.uint8))  # its last chatter comes with the first picture

    def detect(self, frame_rgb: NDArray[np.uint8]) -> list[Detection]:
        """Hands in a frame (H, W, 3), RGB uint8, not mirrored; the surest first."""
        h, w = frame_rgb.shape[:2]
        image = self._mp.Image(self._mp.ImageFormat.SRGB, np.ascontiguousarray(frame_rgb))
        found = self._landmarker.detect(image)
        detections = []
        for joints, world, kinds in zip(
            found.hand_landmarks, found.hand_world_landmarks, found.handedness, strict=True
        ):
            side: Side = "right" if kinds[0].category_name == "Right" else "left"
            joints_2d_px = np.array([[p.x * w - 0.5, p.y * h - 0.5] for p in joints], np.float32)
            joints_world_m = np.array([[p.x, p.y, p.z] for p in world], np.float32)
            # The Tasks API keeps the presence score to itself; what it returns has passed `min_score`.
            score = float(kinds[0].score)
            detections.append(Detection(joints_2d_px, joints_world_m, side, score, max(score, 0.5)))
        return sorted(detections, key=lambda d: -d.score)

    def close(self) -> None:
        """Free the native graph; the detector is of no use afterwards."""
        self._close()


def _close(landmarker: Any) -> None:
    try:
        landmarker.close()
    except RuntimeError:  # the interpreter ends and its threads are gone: the memory goes with the process
        landmarker._handle = None  # or else it tries again, later still, and prints a traceback
