"""What grows with the picture around inference and drawing: a webcam's JPEG, recording, showing."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.frame import Frame
from app.recorder import VideoWriter

_SHOWN_WIDTH = 944  # of the picture in a window as it opens
_JPEG_QUALITY = 85  # of common webcams
_WARM_UP = 3


def time_parts(frames: Sequence[Frame], size_wh: tuple[int, int]) -> dict[str, list[float]]:
    """Milliseconds of processor time, of the thread that does it, for each of the frames (of that size)."""
    from app.ui.view import scaled  # Qt, which benchmarks leave to the window's room

    shown_wh = _SHOWN_WIDTH, round(_SHOWN_WIDTH * size_wh[1] / size_wh[0])
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        writer = VideoWriter(Path(folder) / "a.mp4", size_wh, live=True)
        for index, frame in enumerate(frames):
            data = _jpeg(frame.image_rgb)
            parts: dict[str, Callable[[], object]] = {
                "a webcam's JPEG, decoded": lambda data=data: _decoded(data),  # type: ignore[misc]
                "recorded": lambda frame=frame: writer.write(frame.image_rgb, frame.time_s),  # type: ignore[misc]
                "scaled to the window": lambda frame=frame: scaled(frame.image_rgb, shown_wh, True),  # type: ignore[misc]
            }
            for name, part in parts.items():
                start_s = time.thread_time()
                part()
                if index >= _WARM_UP:
                    times.setdefault(name, []).append((time.thread_time() - start_s) * 1e3)
        writer.close()
    return times


def _jpeg(image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    bgr = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)
    return np.asarray(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1], np.uint8)


def _decoded(data: NDArray[np.uint8]) -> object:
    image_bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert image_bgr is not None
    return cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
