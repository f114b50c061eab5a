"""The pictures of a video file, as data sets read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def frames_of(clip: Path) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Number and picture, (H, W, 3) RGB, of every frame. Raises ValueError where the file breaks off."""
    try:
        with av.open(f"file:{clip}") as container:
            for k, picture in enumerate(container.decode(video=0)):
                yield k, np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
    except av.FFmpegError as error:
        raise ValueError(f"{clip} breaks off ({error.strerror}); copy it again") from error


def frame_rate(clip: Path) -> float:
    """Frames per second. Raises ValueError where the file is no video."""
    try:
        with av.open(f"file:{clip}") as container:
            return float(container.streams.video[0].average_rate or 30)
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"{clip} is not a video that can be read; copy it again") from error
