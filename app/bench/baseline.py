"""MediaPipe Hands, as its own documentation runs it on video: what everything is measured beside."""

from __future__ import annotations

from app.capture import Frame
from models.inference.mediapipe.landmarker import HandLandmarker


class MediaPipeHands:
    """Its landmarker in video mode, which follows hands from frame to frame. One thread; close it."""

    def __init__(self, max_hands: int) -> None:
        self._landmarker = HandLandmarker(True, max_hands)

    def __call__(self, frame: Frame) -> int:
        """How many hands are found in a frame."""
        return len(self._landmarker(frame.image_rgb, frame.time_s).hand_landmarks)

    def close(self) -> None:
        """Free its native graph."""
        self._landmarker.close()
