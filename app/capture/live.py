"""Any source as it is watched: frames in real time, files repeated for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Literal

from app.capture.cameras import CameraWishes, camera_info
from app.capture.fault import SourceError
from app.capture.files import VideoFile, open_file
from app.capture.images import ImageFile
from app.capture.webcam import Report, Webcam
from app.frame import Frame
from models.manifest import ASSETS

DEMO_CLIP = ASSETS / "clips" / "demo.mp4"
DEMO = "demo"

_STILL_FPS = 30.0  # a still image is shown again so that effects move and settings act at once
_STILL_PIXELS_S = 50e6  # a second: a large photo is shown again less often
_TOO_LATE_S = 0.5  # further behind than this, a file's clock is moved instead of racing to catch up
_LONGEST_WAIT_S = 5.0  # for a file's next picture

SourceKind = Literal["camera", "demo", "file"]


def source_kind(source: str) -> SourceKind:
    """What a source's text means: a number is a camera, `demo` the bundled clip, all else a file's path."""
    if source.isdecimal():
        return "camera"
    return "demo" if source == DEMO else "file"


def source_path(source: str) -> Path:
    """The file behind a source that is no camera. Raises SourceError for a camera."""
    if source_kind(source) == "camera":
        raise SourceError(f"source {source} is a camera; give a video or image file")
    return DEMO_CLIP if source == DEMO else Path(source)


def source_title(source: str) -> str:
    """A short name for people."""
    titles = {"camera": f"Camera {source}", "demo": "Demo clip", "file": Path(source).name}
    return titles[source_kind(source)]


def live_frames(
    source: str, stop: Event, report: Report, wishes: CameraWishes | None = None
) -> Iterator[Frame]:
    """Frames of any source in real time until `stop` is set; `time_s` is on the monotonic clock.

    wishes: what cameras are asked for; None: the usual size and rate.
    Videos and images start again at their end. Raises SourceError where the source can't be used.
    """
    if source_kind(source) == "camera":
        info = camera_info(int(source))
        wish = None if wishes is None else wishes.of(info.name)
        yield from Webcam(int(source), wish, info).frames(stop, report)
        return
    file = open_file(source_path(source))
    if isinstance(file, ImageFile):
        yield from _still(file, stop)
    else:
        yield from _looped(file, stop, report)


def _still(file: ImageFile, stop: Event) -> Iterator[Frame]:
    """The photo in its own size: soon again at first, until a hand is found; then as often as it is light."""
    index = 0
    often_s, later_s = 1 / _STILL_FPS, max(1 / _STILL_FPS, file.image_rgb[..., 0].size / _STILL_PIXELS_S)
    while not stop.is_set():
        yield Frame(file.image_rgb, time.monotonic(), index, photo=True)
        index += 1
        stop.wait(often_s if index < _STILL_FPS else later_s)


def _looped(file: VideoFile, stop: Event, report: Report) -> Iterator[Frame]:
    index, start_s = 0, time.monotonic()
    while not stop.is_set():
        end_s, first_index = start_s, index
        for frame in file.frames():
            due_s = start_s + frame.time_s
            wait_s = due_s - time.monotonic()
            moved_s = -wait_s if wait_s < -_TOO_LATE_S else min(0.0, _LONGEST_WAIT_S - wait_s)
            start_s, due_s = start_s + moved_s, due_s + moved_s
            if stop.wait(max(0.0, wait_s + moved_s)):
                return
            yield replace(frame, time_s=due_s, index=index, duration_s=None)
            index += 1
            end_s = due_s + (frame.duration_s or 1 / 30)
        if index == first_index:
            raise SourceError(f"{file.path} no longer holds a picture that can be decoded; choose a source")
        if file.notes:
            report(file.notes[0])
        start_s = end_s
