"""A drawn picture as a picture file: what becomes of a photo that isn't to be a video."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.output import OutputError, unwritable

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
_JPEG_QUALITY = 95


class PictureWriter:
    """Writes one picture at its full size, where `app.recorder.VideoWriter` would write a video."""

    def __init__(self, path: Path) -> None:
        """path: ends in one of PICTURE_SUFFIXES."""
        self._path = path

    def write(self, image_rgb: NDArray[np.uint8], time_s: float, duration_s: float | None) -> None:
        """Write (H, W, 3) RGB. A picture has no time. Raises OutputError."""
        parameters = [] if self._path.suffix.lower() == ".png" else [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        bgr = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)
        ok, data = cv2.imencode(self._path.suffix.lower(), bgr, parameters)
        if not ok:
            raise OutputError(f"{self._path}: too large for this kind of picture; name another kind")
        try:
            self._path.write_bytes(data.tobytes())
        except OSError as error:
            raise unwritable(self._path, error) from error

    def close(self) -> None:
        """It is written already."""
