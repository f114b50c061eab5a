"""MediaPipe Hands, as its own documentation runs it on video: what everything is measured beside."""

from __future__ import annotations

from typing import Any

from app.capture import Frame
from models.landmarks import BUNDLE
from models.native import native_stderr_closed


class MediaPipeHands:
    """Its landmarker in video mode, which follows hands from frame to frame. One thread; close it."""

    def __init__(self, max_hands: int) -> None:
        import mediapipe as mp

        vision = mp.tasks.vision
        options = vision.HandLandmarkerOptions(
            base_options=mp.tasks.BaseOptions(model_asset_buffer=BUNDLE.read_bytes()),
            running_mode=vision.RunningMode.VIDEO,
            num_hands=max_hands,
        )
        self._mp: Any = mp
        self._last_ms = -1
        with native_stderr_closed():
            self._landmarker = vision.HandLandmarker.create_from_options(options)

    def __call__(self, frame: Frame) -> int:
        """Look at a frame; how many hands were seen."""
        image = self._mp.Image(image_format=self._mp.ImageFormat.SRGB, data=frame.image_rgb)
        self._last_ms = max(self._last_ms + 1, round(frame.time_s * 1e3))  # it wants time to go on
        if self._last_ms:
            return len(self._landmarker.detect_for_video(image, self._last_ms).hand_landmarks)
        with native_stderr_closed():  # its last chatter comes with the first picture
            return len(self._landmarker.detect_for_video(image, 0).hand_landmarks)

    def close(self) -> None:
        """Free its native graph."""
        self._landmarker.close()
