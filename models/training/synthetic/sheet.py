"""A sheet of synthetic crops with their labels, beside real crops: to be looked at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.real_crops import read_real_crops
from models.hand.hand_data import HandData, load_open_hand
from models.training.synthetic.crops import SyntheticCrops
from models.training.synthetic.sampler import SyntheticHands

UInt8 = NDArray[np.uint8]

TILE, COLUMNS, ROWS = 160, 10, 4
_DRAWN = 224
_PART_RGB = np.array(
    [
        (0, 0, 0),
        (150, 150, 150),
        (235, 80, 70),
        (240, 190, 60),
        (90, 200, 90),
        (70, 140, 240),
        (190, 100, 230),
    ],
    np.uint8,
)
_CHAINS = [[0, *range(1 + 4 * f, 5 + 4 * f)] for f in range(5)]


def preview(
    path: Path,
    seed: int = 0,
    real: Path | None = None,
    backgrounds: Path | None = None,
    hand: HandData | None = None,
) -> None:
    """Write a picture of synthetic crops above their labels: joints, parts (dimmed where occluded), depth.

    real: a folder of real crops, shown below. Raises ValueError in one line where a folder or the path is
    unfit, NoGraphics where OpenGL can't start.
    """
    n = COLUMNS * ROWS
    beside = [] if real is None else _real_rows(real, seed)
    source = SyntheticHands(hand or load_open_hand(), side_px=_DRAWN, backgrounds=backgrounds, seed=seed)
    try:
        crops = source.crops(0, n, labelled=True)
    finally:
        source.close()
    pictures = _pictures(crops)
    labels = [_labelled(crops, pictures[k], k) for k in range(n)]
    rows = []
    for k in range(0, n, COLUMNS):
        rows += [np.hstack([_tile(p) for p in each[k : k + COLUMNS]]) for each in (list(pictures), labels)]
    if not cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows + beside), cv2.COLOR_RGB2BGR)):
        raise ValueError(f"{path} can't be written; give a name that ends in .png in a folder that exists")


def _pictures(crops: SyntheticCrops) -> UInt8:
    images = crops.images.cpu().permute(0, 2, 3, 1).numpy()
    return np.round(images * 255).astype(np.uint8)


def _tile(picture: UInt8) -> UInt8:
    return np.asarray(cv2.resize(picture, (TILE, TILE), interpolation=cv2.INTER_AREA), np.uint8)


def _labelled(crops: SyntheticCrops, picture: UInt8, k: int) -> UInt8:
    """The picture with its parts, skeleton and, in the corner, depth; crossed out where there is no hand."""
    drawn = picture.copy()
    size = len(drawn)
    if not crops.present[k]:
        cv2.line(drawn, (0, 0), (size, size), (255, 60, 60), 3, cv2.LINE_AA)
        return drawn
    assert crops.parts is not None
    assert crops.depth_m is not None
    assert crops.visible is not None
    on = crops.parts[k] > 0
    opacity = np.where(crops.visible[k] > 0.5, 0.55, 0.25)[..., None]
    blended = drawn * (1 - opacity) + _PART_RGB[crops.parts[k]] * opacity
    drawn[on] = blended[on].astype(np.uint8)
    points = crops.projected(crops.joints_m)[k] * size - 0.5
    if crops.mirrored[k]:
        points[:, 0] = size - 1 - points[:, 0]
        cv2.putText(drawn, "left", (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2, cv2.LINE_AA)
    for chain in _CHAINS:
        line = np.round(points[chain] * 16).astype(np.int32)
        cv2.polylines(drawn, [line], False, (255, 255, 255), 1, cv2.LINE_AA, 4)
    for x, y in np.round(points * 16).astype(int).tolist():
        cv2.circle(drawn, (x, y), 2 * 16, (20, 20, 20), -1, cv2.LINE_AA, 4)
    depth = np.zeros((size, size), np.float32)
    low, high = crops.depth_m[k][on].min(), crops.depth_m[k][on].max()
    depth[on] = 255 - 205 * (crops.depth_m[k][on] - low) / max(float(high - low), 1e-3)
    corner = cv2.resize(depth, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    drawn[-len(corner) :, -len(corner) :] = corner[..., None].astype(np.uint8)
    return drawn


def _real_rows(folder: Path, seed: int) -> list[UInt8]:
    """Two rows of real crops, right hands as they are, left ones mirrored, as networks see them."""
    labels = read_real_crops(folder)
    chosen = np.random.default_rng(seed).permutation(len(labels.image))[: 2 * COLUMNS]
    tiles = []
    for k in chosen:
        picture = cv2.imread(str(folder / str(labels.image[k])), cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError(f"{folder / str(labels.image[k])} is no picture; copy it again")
        shown = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        tiles.append(_tile(np.asarray(shown[:, ::-1] if labels.handedness[k] == "left" else shown, np.uint8)))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    return [np.hstack(tiles[k : k + COLUMNS]) for k in range(0, len(tiles), COLUMNS)]
