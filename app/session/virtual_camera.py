"""The finished picture as a camera that other programs can choose, by pyvirtualcam."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Thread
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.slot import LatestSlot

_FPS = 30
_ADVICE = {
    "linux": "sudo apt install v4l2loopback-dkms && sudo modprobe v4l2loopback",
    "darwin": "install OBS Studio and start its virtual camera once",
    "win32": "install OBS Studio, which brings the driver",
}


class VirtualCamera:
    """Shows pictures on a thread of its own; `show` never waits."""

    def __init__(self, on_news: Callable[[str, bool], None]) -> None:
        """on_news: (one line, whether it is a fault); called from the thread."""
        self._on_news = on_news
        self._pictures: LatestSlot[NDArray[np.uint8]] = LatestSlot()
        self._thread = Thread(target=self._run, name="virtual camera")
        self._thread.start()

    def show(self, image_rgb: NDArray[np.uint8]) -> None:
        """(H, W, 3), must not change later. The first one sets the size; others are fitted into it."""
        self._pictures.put(image_rgb)

    def close(self) -> None:
        """Take the camera away."""
        self._pictures.close()
        self._thread.join()

    def _run(self) -> None:
        camera: Any = None
        try:
            while (image_rgb := self._pictures.take()) is not None:
                if camera is None:
                    camera = _open(image_rgb.shape[1], image_rgb.shape[0])
                    self._on_news(f"Other programs see this picture as {camera.device}", False)
                camera.send(_fitted(image_rgb, camera.width, camera.height))
        except (ImportError, RuntimeError, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            advice = _ADVICE.get(sys.platform, "see pyvirtualcam's page for a driver")
            self._on_news(f"No virtual camera ({reason}): {advice}", True)
        finally:
            if camera is not None:
                camera.close()


def _open(width: int, height: int) -> Any:
    import pyvirtualcam  # here: it looks for drivers

    return pyvirtualcam.Camera(width - width % 2, height - height % 2, _FPS)


def _fitted(image_rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture, whole, in the middle of width x height."""
    h, w = image_rgb.shape[:2]
    if (w, h) == (width, height):
        return np.ascontiguousarray(image_rgb)
    scale = min(width / w, height / h)
    size = max(1, round(w * scale)), max(1, round(h * scale))
    small = np.asarray(cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    out = np.zeros((height, width, 3), np.uint8)
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    out[y : y + size[1], x : x + size[0]] = small
    return out
