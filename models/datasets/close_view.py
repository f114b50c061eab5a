"""A photograph of a hand, seen again as a near camera sees it: filling the picture, turned, dark, blurred."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.samples import Box

_SIZES = ((480, 360), (360, 480), (400, 400))
_FILLS = (0.6, 1.3)  # the hand's box over the picture, along the side that it fills more of
_SHIFT = 0.12  # of the picture, at most, from its middle to the hand's
_QUARTERS, _ROLL_RAD = 0.3, 0.3  # chance of quarter turns; standard deviation of the rest of the turn
_DARK, _SMEARED, _OUT_OF_FOCUS = 0.3, 0.2, 0.2  # chances


def close_view(
    picture: NDArray[np.uint8], box: Box, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Box]:
    """The picture (H, W, 3) RGB and the box around its hand, in a view of 60 to 130 % of the new picture.

    The new box reaches beyond the picture where the hand does. Beyond the photograph's own edge its last
    pixels go on.
    """
    size = _SIZES[int(rng.integers(len(_SIZES)))]
    turn = rng.normal(0, _ROLL_RAD)
    quarter = int(rng.integers(1, 4)) if rng.random() < _QUARTERS else 0
    fill = rng.uniform(*_FILLS)
    shift = rng.uniform(-_SHIFT, _SHIFT, 2)
    at = (float(0.5 + shift[0]), float(0.5 + shift[1]))
    seen, its_box = view_of(picture, box, size, fill, turn + quarter * np.pi / 2, at, quarter % 2 == 1)
    return _worsened(seen, rng), its_box


def view_of(
    picture: NDArray[np.uint8],
    box: Box,
    size: tuple[int, int],
    fill: float,
    angle_rad: float,
    at: tuple[float, float],
    lying: bool | None = None,
) -> tuple[NDArray[np.uint8], Box]:
    """The picture (H, W, 3) turned, and scaled so that the hand in its box fills so much of a new picture.

    size: width and height of that. fill: of the side that it fills more of. at: the hand's middle in it,
    0..1. lying: whether height and width of the box change places; None: where the turn says so.
    """
    (width, height), angle = size, angle_rad
    if lying is None:
        lying = abs(np.sin(angle)) > abs(np.cos(angle))
    across, along = (box[3], box[2]) if lying else (box[2], box[3])
    scale = fill * min(width / across, height / along)
    A = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2])
    middle = np.array(at) * np.array([width, height])
    M = np.concatenate([A, (middle - A @ centre)[:, None]], 1)
    how = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    seen = cv2.warpAffine(picture, M, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    low = middle - scale * np.array([across, along]) / 2
    new_box = (float(low[0]), float(low[1]), float(scale * across), float(scale * along))
    return np.asarray(seen, np.uint8), new_box


def _worsened(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Smeared by movement, out of focus, too dark: each now and then."""
    if rng.random() < _SMEARED:
        length, angle = int(rng.integers(5, 26)), rng.uniform(0, np.pi)
        kernel = np.zeros((length, length), np.float32)
        reach = length / 2 * np.array([np.cos(angle), np.sin(angle)])
        ends = [np.round((length - 1) / 2 + s * reach).astype(int).tolist() for s in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0)
        picture = np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)
    if rng.random() < _OUT_OF_FOCUS:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(1.5, 6.0)), np.uint8)
    if rng.random() < _DARK:
        table = np.clip(
            255 * (np.arange(256) / 255) ** rng.uniform(1.0, 1.4) * rng.uniform(0.12, 0.5), 0, 255
        )
        dark = cv2.LUT(picture, table.astype(np.uint8)).astype(np.float32)
        picture = np.clip(dark + rng.normal(0, rng.uniform(1, 5), dark.shape), 0, 255).astype(np.uint8)
    return picture
