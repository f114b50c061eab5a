"""Stand-ins for what is slow: a pipeline, a compositor, a camera; each does just what a test asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event, get_ident

import numpy as np
from numpy.typing import NDArray

from app.capture import SourceError
from app.frame import Frame, Layer, Picture
from models.geometry import camera_from_fov
from models.tracking.pipeline import PipelineResult
from models.types import Camera, HandMesh
from tests.waiting import PATIENCE_S, wait_for


def fake_hand(time_s: float = 0.0, track_id: int = 0) -> HandMesh:
    """A hand that is no hand, but passes every check."""
    joints_m = np.full((21, 3), (0.0, 0.0, 0.5), np.float32)
    vertices_m = np.full((778, 3), (0.0, 0.0, 0.5), np.float32)
    return HandMesh("right", vertices_m, joints_m, np.full((21, 2), 9.0, np.float32), 0.9, track_id, time_s)


def fake_picture(
    image_rgb: NDArray[np.uint8],
    time_s: float,
    clean_rgb: NDArray[np.uint8] | None = None,
    index: int = 0,
    source: str = "clip",
) -> Picture:
    """A picture with one hand in it. clean_rgb: its frame; None: nothing was drawn on it."""
    camera = camera_from_fov(image_rgb.shape[1], image_rgb.shape[0])
    frame = Frame(image_rgb if clean_rgb is None else clean_rgb, time_s, index, source=source)
    return Picture(frame, PipelineResult((fake_hand(time_s),), camera, {}), image_rgb)


@dataclass
class FakePipeline:
    """Finds one hand in every frame after `delay_s`; fails on the frames whose numbers are given."""

    delay_s: float = 0.0
    fail_on: frozenset[int] = frozenset()
    hold: Event | None = None  # until it is set, it is held up
    held: bool = False
    calls: int = 0
    retuned: list[tuple[float | None, str | None]] = field(default_factory=list)
    cameras: list[Camera] = field(default_factory=list)
    closed: bool = False

    def process(self, frame_rgb: NDArray[np.uint8], time_s: float, camera: Camera) -> PipelineResult:
        """One fake hand."""
        self.calls += 1
        self.cameras.append(camera)
        time.sleep(self.delay_s)
        if self.hold is not None:
            self.held = True
            self.hold.wait(PATIENCE_S)
        if self.calls in self.fail_on:
            raise RuntimeError("a fault on purpose")
        return PipelineResult((fake_hand(time_s),), camera, {"network": 1e3 * self.delay_s})

    def retune(self, smoothing: float | None, handedness_lock: str | None) -> None:
        """Remember what was asked."""
        self.retuned.append((smoothing, handedness_lock))

    def reset(self) -> None:
        """Nothing to forget."""

    def close(self) -> None:
        """Remember it."""
        self.closed = True


@dataclass
class FakeCompositor:
    """Inverts the picture; remembers on which threads it was used."""

    delay_s: float = 0.0
    hold: Event | None = None  # until it is set, it is held up
    held: bool = False
    threads: set[int] = field(default_factory=set)
    closed: bool = False
    drawn: tuple[Layer, ...] = ()
    keeps_joints: bool = False

    def compose(self, frame_rgb, hands, camera, effect, time_s, overlays) -> NDArray[np.uint8]:
        """The negative of the frame."""
        self.threads.add(get_ident())
        time.sleep(self.delay_s)
        if self.hold is not None:
            self.held = True
            self.hold.wait(PATIENCE_S)
        return 255 - frame_rgb

    def close(self) -> None:
        """Remember it, and the thread."""
        self.threads.add(get_ident())
        self.closed = True


@dataclass
class Behind(FakeCompositor):
    """Draws a frame only once the next one is with the pipeline: one after the other, they'd never end."""

    pipeline: FakePipeline = field(default_factory=FakePipeline)
    frames: int = 0  # of the clip
    count: int = 0

    def compose(self, frame_rgb, hands, camera, effect, time_s, overlays) -> NDArray[np.uint8]:
        """The negative of the frame."""
        self.count += 1
        wait_for(lambda: self.pipeline.calls > min(self.count, self.frames - 1))
        return super().compose(frame_rgb, hands, camera, effect, time_s, overlays)


def ticking_frames(fps: float, size_wh: tuple[int, int] = (64, 48), fail_after: int | None = None):
    """A stand-in for `live_frames`: pictures at a steady rate; the source dies after `fail_after`."""

    def live_frames(source: str, stop: Event, report: object, wishes: object = None) -> Iterator[Frame]:
        if source == "missing":
            raise SourceError("missing does not exist; check the path")
        index = 0
        while not stop.wait(1 / fps):
            if fail_after is not None and index >= fail_after:
                raise SourceError("the camera went away; plug it in again")
            image_rgb = np.full((size_wh[1], size_wh[0], 3), index % 200, np.uint8)
            yield Frame(image_rgb, time.monotonic(), index)
            index += 1

    return live_frames
