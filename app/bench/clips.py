"""What is timed: the frames of a clip at a given size, with one hand or, beside its mirror, with two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.capture import Frame, ImageFile, SourceError, VideoFile, open_file
from app.recorder import VideoWriter

SIZES = ((640, 480), (1280, 720), (1920, 1080))


@dataclass(frozen=True)
class Scene:
    """A clip as one row of the table has it."""

    hands: int  # 1 or 2
    size_wh: tuple[int, int]

    @property
    def name(self) -> str:
        return f"{self.hands} hand{'s' * (self.hands > 1)}, {self.size_wh[0]}×{self.size_wh[1]}"


def scenes(sizes: Sequence[tuple[int, int]] = SIZES) -> tuple[Scene, ...]:
    """With one hand and with two, at each size."""
    return tuple(Scene(hands, size) for size in sizes for hands in (1, 2))


def clip_at(
    file: VideoFile | ImageFile, size_wh: tuple[int, int], frames: int, folder: Path
) -> VideoFile | ImageFile:
    """The first frames of a clip as a video of another size, its times kept; the clip where it has that size.

    Raises UserError.
    """
    if file.size_wh == size_wh:
        return file
    path = folder / f"{size_wh[0]}x{size_wh[1]}.mp4"
    writer = VideoWriter(path, size_wh, live=False)
    for frame in islice(file.frames(), frames):
        writer.write(fitted(frame.image_rgb, size_wh), frame.time_s, frame.duration_s)
    writer.close()
    return open_file(path)


def repeated(file: VideoFile | ImageFile, count: int) -> Iterator[Frame]:
    """The first `count` frames, decoded as they are wanted; a shorter clip begins again, time going on.

    Raises SourceError where none can be decoded.
    """
    index, start_s = 0, 0.0
    while index < count:
        first, end_s = index, start_s
        for frame in islice(file.frames(), count - index):
            yield replace(frame, time_s=start_s + frame.time_s, index=index)
            index += 1
            end_s = start_s + frame.time_s + (frame.duration_s or 1 / 30)
        if index == first:
            raise SourceError(f"{file.path} holds no picture that can be decoded; give another file")
        start_s = end_s


def staged(frames: Sequence[Frame], scene: Scene) -> Iterator[Frame]:
    """The frames as a scene wants them."""
    for frame in frames:
        image_rgb = frame.image_rgb
        if scene.hands > 1:
            image_rgb = np.concatenate([image_rgb, image_rgb[:, ::-1]], 1)
        yield replace(frame, image_rgb=fitted(image_rgb, scene.size_wh))


def fitted(image_rgb: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture (H, W, 3), whole, in the middle of this size; its border is drawn out to the edge."""
    height, width = image_rgb.shape[:2]
    if (width, height) == size_wh:
        return np.ascontiguousarray(image_rgb)
    scale = min(size_wh[0] / width, size_wh[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(np.ascontiguousarray(image_rgb), inner, interpolation=interpolation)
    left, top = (size_wh[0] - inner[0]) // 2, (size_wh[1] - inner[1]) // 2
    right, bottom = size_wh[0] - inner[0] - left, size_wh[1] - inner[1] - top
    return np.asarray(cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)
