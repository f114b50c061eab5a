"""The pictures behind real crops: kept compressed, decoded when needed, cut by virtual cameras."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.real.photo import Image
from models.types import Camera, Float32, Float64

_BORDERS = (cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT_101, cv2.BORDER_CONSTANT)
"""What is seen beyond a picture's edge: nothing, in the app; the crops end sooner than real frames do."""


class Pictures:
    """N pictures of at most a few hundred pixels, as their files' bytes: 14 KB each, not 150."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Read all files. Raises ValueError in one line where one can't be read."""
        self._bytes = [_bytes(path) for path in paths]
        self._paths = list(paths)

    def __len__(self) -> int:
        return len(self._bytes)

    def __getitem__(self, k: int) -> Image:
        """(H, W, 3) RGB. Raises ValueError where the file is no picture."""
        picture = cv2.imdecode(self._bytes[k], cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise ValueError(f"{self._paths[k]} is not a picture that can be read; copy it again")
        return np.asarray(picture, np.uint8)


def cut(picture: Image, camera: Camera, crop: Camera, A: Float64, rng: np.random.Generator) -> Image:
    """The picture (H, W, 3) as the crop's camera sees it. A: (3, 3) camera frame -> crop frame."""
    H = crop.K @ A @ np.linalg.inv(camera.K)
    border = _BORDERS[int(rng.integers(len(_BORDERS)))]
    size = (crop.width, crop.height)
    return np.asarray(
        cv2.warpPerspective(picture, H, size, flags=cv2.INTER_LINEAR, borderMode=border), np.uint8
    )


def cut_square(picture: Image, size: int, rng: np.random.Generator) -> Image:
    """Some square of a picture, in any of eight orientations, at this size."""
    shorter = min(picture.shape[:2])
    side = int(rng.integers(max(shorter // 3, 1), shorter + 1))
    x = int(rng.integers(0, picture.shape[1] - side + 1))
    y = int(rng.integers(0, picture.shape[0] - side + 1))
    square = np.rot90(picture[y : y + side, x : x + side], int(rng.integers(4)))
    if rng.random() < 0.5:
        square = square[:, ::-1]
    return np.asarray(cv2.resize(np.ascontiguousarray(square), (size, size)), np.uint8)


def beside_hand(picture: Image, joints_px: Float32) -> Image:
    """The widest of the four strips of a picture beside the hand with these joints (21, 2)."""
    height, width = picture.shape[:2]
    low, high = joints_px.min(0), joints_px.max(0)
    flesh = 0.1 * (high - low).max()
    x0, y0 = np.clip(low - flesh, 1, None).astype(int)
    x1, y1 = np.minimum(high + flesh, [width - 1, height - 1]).astype(int)
    strips = (picture[:, :x0], picture[:, x1:], picture[:y0], picture[y1:])
    return max(strips, key=lambda strip: min(strip.shape[:2]))


def pictures_in(folder: Path) -> list[Path]:
    """The JPEG and PNG files of a folder, by name. Raises ValueError where there are none."""
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise ValueError(f"{folder} holds no JPEG or PNG files; give a folder of pictures without hands")
    return paths


def _bytes(path: Path) -> NDArray[np.uint8]:
    try:
        return np.fromfile(path, np.uint8)
    except OSError as error:
        raise ValueError(f"{path} can't be read ({error.strerror}); is the folder whole?") from error
