"""Webcams through OpenCV: found, opened, read with measured timestamps, waited for when unplugged."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import cv2
import numpy as np

from app.capture.fault import SourceError
from app.frame import Frame

_RETRY_S = 1.0
_FAILED_READS = 5  # in a row before a camera counts as gone: a single bad frame is common
_SILENT_S = 1.5  # or this long without a picture: a read that fails may have waited for one
_STARTING_S = 4.0  # a camera that was just opened may take this much longer

Report = Callable[[str], None]
"""Receives one line on the state of a source; an empty line once all is well again."""


@dataclass(frozen=True)
class CameraInfo:
    """A camera of this machine."""

    index: int
    name: str


def list_cameras() -> tuple[CameraInfo, ...]:
    """The cameras of this machine. May take a second on Windows and macOS: call it off the GUI thread."""
    if sys.platform.startswith("linux"):
        return _linux_cameras(Path("/sys/class/video4linux"))
    found = []
    for index in range(4):
        capture = cv2.VideoCapture(index)
        if capture.isOpened():
            found.append(CameraInfo(index, f"Camera {index}"))
        capture.release()
    return tuple(found)


def _linux_cameras(folder: Path) -> tuple[CameraInfo, ...]:
    """Cameras as the kernel lists them, without opening any: other programs may be using them."""
    found = []
    for device in sorted(folder.glob("video*"), key=lambda path: int(path.name[5:] or 0)):
        try:
            # One camera has several nodes; only the first carries pictures, the rest metadata.
            if (device / "index").read_text().strip() != "0":
                continue
            name = (device / "name").read_text().strip()
        except OSError:
            continue
        found.append(CameraInfo(int(device.name[5:]), name or f"Camera {device.name[5:]}"))
    return tuple(found)


class Webcam:
    """A camera by its index. Everything happens on the thread that iterates `frames`."""

    def __init__(self, index: int, size_wh: tuple[int, int] = (640, 480), fps: int = 30) -> None:
        self.index = index
        self._size_wh = size_wh
        self._fps = fps

    def frames(self, stop: Event, report: Report) -> Iterator[Frame]:
        """Frames until `stop` is set; `time_s` is the monotonic clock when the camera handed one over.

        An unplugged camera is reported and waited for. Raises SourceError where it can't be opened at all.
        """
        capture = self._open()
        if capture is None:
            raise SourceError(
                f"camera {self.index} can't be opened; close programs that use it, or choose another source"
            )
        try:
            number, failed, gone = 0, 0, False
            heard_s = time.monotonic() + _STARTING_S
            while not stop.is_set():
                grabbed = capture.grab()
                time_s = time.monotonic()
                ok, image_bgr = capture.retrieve() if grabbed else (False, None)
                if ok and image_bgr is not None:
                    failed, heard_s = 0, time_s
                    if gone:
                        gone = False
                        report("")
                    image_rgb = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), np.uint8)
                    yield Frame(image_rgb, time_s, number)
                    number += 1
                    continue
                failed += 1
                if failed < _FAILED_READS and time_s - heard_s < _SILENT_S:
                    stop.wait(0.02)
                    continue
                capture.release()
                report(f"Camera {self.index} stopped sending pictures; plug it in again, or choose a source")
                reopened = self._wait_for_return(stop)
                if reopened is None:
                    return
                capture, failed, gone = reopened, 0, True
                heard_s = time.monotonic() + _STARTING_S
        finally:
            capture.release()

    def _wait_for_return(self, stop: Event) -> cv2.VideoCapture | None:
        while not stop.wait(_RETRY_S):
            capture = self._open()
            if capture is not None:
                return capture
        return None

    def _open(self) -> cv2.VideoCapture | None:
        capture = cv2.VideoCapture(self.index)
        if not capture.isOpened():
            capture.release()
            return None
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size_wh[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size_wh[1])
        capture.set(cv2.CAP_PROP_FPS, self._fps)
        return capture
