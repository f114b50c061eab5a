"""One frame on its way through the program: captured, searched for hands, drawn on, recorded, exported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tracking.pipeline import PipelineResult
from models.types import Camera, HandMesh


@dataclass(frozen=True)
class Frame:
    """What a source gives: one picture and when it was taken."""

    image_rgb: NDArray[np.uint8]  # (H, W, 3), never changed by those it is handed to
    time_s: float  # live: monotonic clock when it was captured; file: since the file's first frame
    index: int  # 0, 1, 2 … within its source
    duration_s: float | None = None  # how long a file shows it; None where only the next frame tells
    photo: bool = False  # a still image, shown again and again
    source: str = ""  # where it comes from, as `live_frames` takes it; a file's own frames need not say


@dataclass(frozen=True)
class FrameHands:
    """The hands of one frame without its picture: what exports write and sidecars keep."""

    index: int  # of the frame, from 0
    time_s: float  # since the first frame, seconds
    camera: Camera  # the one the meshes were placed with
    hands: tuple[HandMesh, ...]


@dataclass(frozen=True)
class Layer:
    """A part of what was drawn over a frame."""

    x: int  # of its first column in the frame, pixels
    y: int
    rgba: NDArray[np.uint8]  # (h, w, 4), premultiplied


@dataclass(frozen=True)
class Picture:
    """A frame, the hands that were found in it, and what has been made of it so far."""

    frame: Frame
    found: PipelineResult  # its hands, the camera they were placed with, and the time each stage took
    image_rgb: NDArray[np.uint8]  # (H, W, 3), unmirrored, never changed again; undrawn: the frame's own
    readout: tuple[str, ...] = ()  # what the effect measured, e.g. "17.3 mm · US 7"
    doubts: tuple[str, ...] = ()  # why the effect left something out, a line each
    layers: tuple[Layer, ...] | None = None  # what was drawn, from back to front; None where nobody keeps it

    @classmethod
    def undrawn(cls, frame: Frame, found: PipelineResult) -> Picture:
        """The frame as it came."""
        return cls(frame, found, frame.image_rgb)

    @property
    def time_s(self) -> float:
        """When its frame was taken, as `Frame.time_s`."""
        return self.frame.time_s

    @property
    def hands(self) -> tuple[HandMesh, ...]:
        """The hands found in it."""
        return self.found.hands

    @property
    def camera(self) -> Camera:
        """The camera that the hands were placed with."""
        return self.found.camera

    def hands_as(self, index: int, time_s: float) -> FrameHands:
        """Its hands for a file, in which it is frame `index` at `time_s`, seconds from the file's start."""
        return FrameHands(index, time_s, self.found.camera, self.found.hands)
