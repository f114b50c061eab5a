"""The models that can be judged, behind one interface: a picture of one hand in, its joints and mesh out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.datasets.samples import Prediction
from models.inference.mediapipe.detector import MediaPipeDetector
from models.inference.mediapipe.landmarker import HandLandmarker
from models.tracking.pipeline import MODELS, Pipeline, PipelineConfig
from models.types import Camera, Handedness, HandMesh

MEDIAPIPE = "mediapipe"
NAMES = (*MODELS, MEDIAPIPE)


class Predictor(Protocol):
    """One model. Answers None where it finds no hand."""

    detector_runs: int | None  # frames of `track` in which the detector ran; None: the model doesn't tell

    def still(
        self, image_rgb: NDArray[np.uint8], camera: Camera, handedness: Handedness
    ) -> Prediction | None:
        """The hand in the middle of a picture (H, W, 3), RGB, cut to about two hand boxes."""

    def track(self, frame_rgb: NDArray[np.uint8], camera: Camera, time_s: float) -> Prediction | None:
        """The hand in the next frame (H, W, 3), RGB, of one video."""

    def close(self) -> None:
        """Free what is native."""


def make_predictor(name: str) -> Predictor:
    """A model of NAMES. Raises ValueError for any other name."""
    if name not in NAMES:
        raise ValueError(f"model: expected one of {', '.join(NAMES)}, got {name!r}")
    return MediaPipePredictor() if name == MEDIAPIPE else PipelinePredictor(name)


class PipelinePredictor:
    """A model of the app's own pipeline, not smoothed."""

    def __init__(self, model: str) -> None:
        self.detector_runs: int | None = 0
        self._pipeline = Pipeline(PipelineConfig(model, max_hands=1, smoothing=None))

    def still(
        self, image_rgb: NDArray[np.uint8], camera: Camera, handedness: Handedness
    ) -> Prediction | None:
        return _prediction(self._pipeline.predict_crop(image_rgb, camera, handedness))

    def track(self, frame_rgb: NDArray[np.uint8], camera: Camera, time_s: float) -> Prediction | None:
        result = self._pipeline.process(frame_rgb, time_s, camera)
        self.detector_runs = (self.detector_runs or 0) + (result.stages_ms.get("detect", 0.0) > 0)
        return _prediction(result.hands[0]) if result.hands else None

    def close(self) -> None:
        self._pipeline.close()


class MediaPipePredictor:
    """MediaPipe's own hand landmarker: its image landmarks, and its world joints for 3D."""

    detector_runs: int | None = None

    def __init__(self, min_score: float = 0.3) -> None:
        """min_score: palms less sure than this are no hands; lower than MediaPipe's 0.5, as there is one."""
        self._detector = MediaPipeDetector(max_hands=2, min_score=min_score)
        self._tracker: HandLandmarker | None = None

    def still(
        self, image_rgb: NDArray[np.uint8], camera: Camera, handedness: Handedness
    ) -> Prediction | None:
        found = self._detector.detect(image_rgb)
        if not found:
            return None
        middle = [(camera.width - 1) / 2, (camera.height - 1) / 2]
        nearest = min(found, key=lambda d: float(np.linalg.norm(d.joints_2d_px.mean(0) - middle)))
        return Prediction(
            nearest.joints_2d_px, nearest.joints_world_m, placed=False, presence=nearest.presence
        )

    def track(self, frame_rgb: NDArray[np.uint8], camera: Camera, time_s: float) -> Prediction | None:
        if self._tracker is None:
            self._tracker = HandLandmarker(True, max_hands=1)
        found = self._tracker(frame_rgb, time_s)
        if not found.hand_landmarks:
            return None
        scale = [camera.width, camera.height]
        pixels = np.array([[p.x, p.y] for p in found.hand_landmarks[0]]) * scale - 0.5
        world = np.array([[p.x, p.y, p.z] for p in found.hand_world_landmarks[0]], np.float32)
        return Prediction(pixels.astype(np.float32), world, placed=False)

    def close(self) -> None:
        self._detector.close()
        if self._tracker is not None:
            self._tracker.close()


def _prediction(hand: HandMesh) -> Prediction:
    return Prediction(
        hand.joints_2d_px,
        hand.joints_m,
        hand.vertices_m,
        presence=hand.presence,
        handedness=hand.handedness,
        track_id=hand.track_id,
    )
