"""What is looked at: the frames of a clip at a given size, with one hand or, beside its mirror, with two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from app.capture import Frame, ImageFile, VideoFile

SIZES = ((640, 480), (1280, 720))


@dataclass(frozen=True)
class Scene:
    """A clip as one row of the table sees it."""

    hands: int  # 1 or 2
    size_wh: tuple[int, int]

    @property
    def name(self) -> str:
        return f"{self.hands} hand{'s' * (self.hands > 1)}, {self.size_wh[0]}×{self.size_wh[1]}"


SCENES = tuple(Scene(hands, size) for size in SIZES for hands in (1, 2))


def first_frames(file: VideoFile | ImageFile, count: int) -> list[Frame]:
    """The first `count` frames; a clip that is shorter begins again, time going on."""
    frames = list(islice(file.frames(), count))
    length_s = frames[-1].time_s + (frames[-1].duration_s or 1 / 30)
    rounds = -(-count // len(frames))
    return [
        replace(frame, time_s=frame.time_s + turn * length_s, index=turn * len(frames) + frame.index)
        for turn in range(rounds)
        for frame in frames
    ][:count]


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
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(np.ascontiguousarray(image_rgb), inner, interpolation=way)
    left, top = (size_wh[0] - inner[0]) // 2, (size_wh[1] - inner[1]) // 2
    right, bottom = size_wh[0] - inner[0] - left, size_wh[1] - inner[1] - top
    return np.asarray(cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)
