"""A drawn picture as a picture file: what becomes of a photo that isn't to be a video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.output import save_picture

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


class PictureWriter:
    """Writes one picture at its full size, where `app.recorder.VideoWriter` would write a video."""

    def __init__(self, path: Path) -> None:
        """path: ends in one of PICTURE_SUFFIXES."""
        self._path = path

    def write(self, image_rgb: NDArray[np.uint8], time_s: float, duration_s: float | None) -> None:
        """Write (H, W, 3) RGB. A picture has no time. Raises OutputError."""
        save_picture(self._path, image_rgb)

    def close(self) -> None:
        """It is written already."""
