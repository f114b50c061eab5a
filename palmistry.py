"""Hands in three lines, for scripts and notebooks. What `__all__` lists is stable; the rest is private.

import palmistry
with palmistry.HandTracker() as tracker:
    for frame in tracker.video("clip.mp4"):
        print(frame.time_s, [hand.joints_m[8] for hand in frame.hands])
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Literal

import numpy as np

from app.capture import live_frames, open_file, source_path
from app.errors import UserError
from app.frame import Frame, FrameHands
from app.session.settings import Settings
from models.geometry import DEFAULT_FOV_DEG
from models.tracking.pipeline import DEFAULT_MODEL, MODELS, Pipeline, PipelineConfig
from models.types import Camera, Handedness, HandMesh, HandPose, UInt8

__all__ = [
    "DEFAULT_MODEL",
    "MODELS",
    "Camera",
    "FrameHands",
    "HandMesh",
    "HandPose",
    "HandTracker",
    "UserError",
]


class HandTracker:
    """Finds the hands in videos, cameras and images. Belongs to one thread; use it in a `with` block."""

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        max_hands: int = 2,
        smoothing: float | None = None,
        fov_deg: float = DEFAULT_FOV_DEG,
        intrinsics: tuple[float, float, float, float] | None = None,
    ) -> None:
        """Load the model.

        model: one of MODELS. smoothing: 0 steady … 1 responsive; None leaves hands as they are found.
        fov_deg: the camera's diagonal field of view, where `intrinsics` (fx, fy, cx, cy in pixels) are not
        known. Raises ValueError for what can't be.
        """
        config = PipelineConfig(model=model, max_hands=max_hands, smoothing=smoothing)
        self._cameras = Settings(fov_deg=fov_deg, intrinsics=intrinsics)
        self._pipeline = Pipeline(config)

    def __enter__(self) -> HandTracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the model."""
        self._pipeline.close()

    def video(self, path: str | Path) -> Iterator[FrameHands]:
        """The hands of every frame of a video, or of an image, with seconds from its start; `demo`: the clip.

        Raises UserError where the file can't be read.
        """
        self._pipeline.reset()
        for frame in open_file(source_path(str(path))).frames():
            yield self._found(frame)

    def camera(self, number: int = 0) -> Iterator[FrameHands]:
        """The hands a camera sees, until the loop is left; times are the monotonic clock's.

        Raises UserError where there is no such camera.
        """
        self._pipeline.reset()
        stop = Event()
        try:
            for frame in live_frames(str(number), stop, lambda line: None):
                yield self._found(frame)
        finally:
            stop.set()

    def frame(self, image_rgb: UInt8, time_s: float, index: int = 0) -> FrameHands:
        """The hands in the next frame (H, W, 3), RGB uint8, unmirrored, of a source of your own."""
        return self._found(Frame(np.ascontiguousarray(image_rgb), time_s, index))

    def crop(self, image_rgb: UInt8, handedness: Handedness | Literal["auto"] = "auto") -> HandMesh:
        """The hand in an image (H, W, 3), RGB uint8, cut to it; `presence` says whether there is one."""
        height, width = image_rgb.shape[:2]
        return self._pipeline.predict_crop(image_rgb, self._cameras.camera(width, height), handedness)

    def _found(self, frame: Frame) -> FrameHands:
        height, width = frame.image_rgb.shape[:2]
        camera = self._cameras.camera(width, height)
        found = self._pipeline.process(frame.image_rgb, frame.time_s, camera)
        return FrameHands(frame.index, frame.time_s, found.camera, found.hands)
