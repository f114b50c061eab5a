"""A video of one hand held still: nothing is known of it but that whatever moves is a model's own jitter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.datasets.entry import DataSet
from models.datasets.samples import Sample, SampleSet
from models.datasets.video_file import frame_rate, frames_of
from models.geometry import camera_from_fov


def still(clip: Path, every: int = 1) -> SampleSet:
    """The frames of a clip: FILE, or FILE:FROM-TO or FILE:FROM- for a part of it, seconds.

    Raises ValueError in one line.
    """
    file, start_s, end_s = _part(clip)
    fps = frame_rate(file)

    def chosen() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        last = end_s * fps - 0.5
        begun = takewhile(lambda picture: picture[0] < last, frames_of(file))
        return ((k, image) for k, image in begun if k >= start_s * fps - 0.5 and k % every == 0)

    count = sum(1 for _ in chosen())
    if count < 3:
        raise ValueError(f"{clip}: {count} frames there; an acceleration takes three, give a longer part")

    def read() -> Iterator[Sample]:
        for k, image in chosen():
            camera = camera_from_fov(image.shape[1], image.shape[0])
            intrinsics = (camera.fx, camera.fy, camera.cx, camera.cy)
            yield Sample(f"{k:05d}", image, "right", intrinsics, None, None, time_s=k / fps)

    return SampleSet("still", count, read, fps / every)


def _part(clip: Path) -> tuple[Path, float, float]:
    """The file, from and to, seconds. Raises ValueError where there is no such file."""
    named = re.fullmatch(r"(.+):(\d+\.?\d*)-(\d+\.?\d*)?", str(clip))
    if named is not None and not clip.exists():
        clip = Path(named[1])
        start_s, end_s = float(named[2]), float(named[3] or "inf")
    else:
        start_s, end_s = 0.0, float("inf")
    if not clip.is_file():
        raise ValueError(f"{clip} is not a file; give a video, or VIDEO:FROM-TO in seconds")
    return clip, start_s, end_s


DATA_SET = DataSet(
    "still",
    evaluation=still,
    takes="a VIDEO of a hand held still, or a part of it, VIDEO:FROM-TO in seconds",
)
