"""A webcam through OpenCV: asked for a size and rate, read with measured times, waited for when unplugged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event

import cv2
import numpy as np
from numpy.typing import NDArray

from app.capture.cameras import CameraInfo, camera_info
from app.capture.fault import SourceError
from app.capture.modes import CameraMode, attempts
from app.capture.rate import RateWatch
from app.frame import Frame

_RETRY_S = 1.0
_FAILED_READS = 5  # in a row before a camera counts as gone: a single bad frame is common
_SILENT_S = 1.5  # or this long without a picture: a read that fails may have waited for one
_NEARLY = 0.95  # of a rate is the rate
_STARTING_S = 4.0  # a camera that was just opened may take this much longer
_MJPG = cv2.VideoWriter.fourcc(*"MJPG")

Report = Callable[[str], None]
"""Receives one line on the state of a source; an empty line once all is well again."""


@dataclass
class _Opened:
    """A camera while it is read."""

    capture: cv2.VideoCapture
    asked: CameraMode
    heard_s: float  # when its last picture came, or may still be on its way
    rate: RateWatch
    pictures: int = 0
    failed: int = 0  # reads in a row


class Webcam:
    """A camera by its index. Everything happens on the thread that iterates `frames`."""

    def __init__(self, index: int, wish: CameraMode | None = None, info: CameraInfo | None = None) -> None:
        """wish: the size and rate to ask for; None: 1280×720 at 30. What the camera hasn't is replaced by
        the nearest that it has. info: what is known of the camera; None: what can be found out."""
        self.index = index
        self.info = camera_info(index) if info is None else info
        self._wish = wish
        self._attempts = attempts(self.info.modes, wish)  # the first is asked for at each opening

    def frames(self, stop: Event, report: Report) -> Iterator[Frame]:
        """Frames until `stop` is set; `time_s` is the monotonic clock when the camera handed one over.

        An unplugged camera is reported and waited for. Raises SourceError where it can't be opened at all.
        """
        camera = self._open()
        if camera is None:
            raise SourceError(
                f"camera {self.index} can't be opened; close programs that use it, or choose another source"
            )
        try:
            number, gone = 0, False
            while not stop.is_set():
                image_bgr, time_s, waited_s = _read(camera.capture)
                if image_bgr is not None:
                    camera.failed, camera.heard_s = 0, time_s
                    camera.pictures += 1
                    image_rgb = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), np.uint8)
                    yield Frame(image_rgb, time_s, number)
                    number += 1
                    if camera.pictures == 1:
                        unlike = self._unlike(camera.asked, image_rgb.shape[1], image_rgb.shape[0])
                        if gone or unlike:
                            report(unlike)
                        gone = False
                    self._watch(camera, time_s, waited_s, report)
                    continue
                camera.failed += 1
                if camera.failed < _FAILED_READS and time_s - camera.heard_s < _SILENT_S:
                    stop.wait(0.02)
                    continue
                camera.capture.release()
                if not camera.pictures and len(self._attempts) > 1:
                    del self._attempts[0]  # it takes the wish and sends nothing: the next one
                elif not gone:
                    gone = True
                    line = f"{self.info.name} stopped sending pictures; plug it in again, or choose a source"
                    report(line)
                reopened = self._wait_for_return(stop)
                if reopened is None:
                    return
                camera = reopened
        finally:
            camera.capture.release()

    def _unlike(self, asked: CameraMode, width: int, height: int) -> str:
        """One line where the camera gives something else than was chosen; empty where all is as wished."""
        wish = self._wish
        if wish is None:
            return ""
        if (width, height) != wish.size_wh:
            wanted = f"{wish.width}×{wish.height}"
            return f"{self.info.name} gives {width}×{height}: it doesn't offer {wanted}"
        if self.info.modes and asked.fps < _NEARLY * wish.fps:
            rates = f"{asked.fps:.3g} pictures a second, not {wish.fps:.3g}"
            return f"{self.info.name} offers {width}×{height} at {rates}"
        return ""

    def _watch(self, camera: _Opened, time_s: float, waited_s: float, report: Report) -> None:
        """Say where the camera gives far fewer pictures than it was asked for."""
        rate = camera.rate(time_s, waited_s)
        if rate:
            report(
                f"{self.info.name} gives {rate:.0f} pictures a second, not {camera.asked.fps:.0f}: "
                "in dim light it exposes longer; more light or a smaller size helps"
            )
        elif rate == 0:
            report("")

    def _wait_for_return(self, stop: Event) -> _Opened | None:
        while not stop.wait(_RETRY_S):
            camera = self._open()
            if camera is not None:
                return camera
        return None

    def _open(self) -> _Opened | None:
        capture = cv2.VideoCapture(self.index)
        if not capture.isOpened():
            capture.release()
            return None
        asked = self._attempts[0]
        # The format goes first: sizes beyond VGA are often refused at this rate while it is uncompressed.
        if asked.compressed:
            capture.set(cv2.CAP_PROP_FOURCC, _MJPG)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, asked.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, asked.height)
        capture.set(cv2.CAP_PROP_FPS, asked.fps)
        return _Opened(capture, asked, time.monotonic() + _STARTING_S, RateWatch(asked.fps))


def _read(capture: cv2.VideoCapture) -> tuple[NDArray[np.uint8] | None, float, float]:
    """The next picture, (H, W, 3) BGR, None where there is none; when it was handed over; after what wait."""
    asked_s = time.monotonic()
    grabbed = capture.grab()
    time_s = time.monotonic()
    ok, image_bgr = capture.retrieve() if grabbed else (False, None)
    picture = np.asarray(image_bgr, np.uint8) if ok and image_bgr is not None else None
    return picture, time_s, time_s - asked_s
