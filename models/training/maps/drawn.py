"""Drawn hands, as the encoder sees them, into a cache."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F

from models.hand.hand_data import HandData
from models.networks.encoders.landmark_net import FEATURES, INPUT_SIZE
from models.training.maps.cache import MAPS, Column, MapCache, scales_of
from models.training.maps.encoder import EncodedCrops, MapEncoder
from models.training.synthetic.sampler import SyntheticHands

MASK_SIDE = 56
BATCH = 64
SIDES = (128, 128, 128, 160, 128, 128, 128, INPUT_SIZE)
"""Batches are drawn this wide in turn, and widened to the network's input: that saves three quarters of the
drawing, and a webcam's hand is seldom sharper."""

SEEN_COLUMNS = {
    "f56": Column((24, 56, 56), "i1"),
    "f28": Column((40, 28, 28), "i1"),
    "f14": Column((112, 14, 14), "i1"),
    "pooled": Column((FEATURES,), "f2"),
    "joints_px": Column((21, 3), "f4"),
    "world_m": Column((21, 3), "f4"),
    "focal": Column((), "f4"),
}
"""What every cached crop has: the encoder's maps and answers, and the crop's focal length in its widths."""

DRAWN_COLUMNS = SEEN_COLUMNS | {
    "true_vertices_m": Column((778, 3), "f4"),
    "true_joints_m": Column((21, 3), "f4"),
    "mask": Column((MASK_SIDE, MASK_SIDE), "u1"),
    "visible": Column((), "f4"),
}
"""Beside them, in the crop's camera frame: the true mesh and joints, the hand's coverage of each pixel (255:
all of it), and the fraction of the hand that nothing hides."""


def seen_columns(seen: EncodedCrops) -> dict[str, NDArray]:
    """The encoder's answers by column."""
    return {name: values for name, values in vars(seen).items() if name in SEEN_COLUMNS}


def drawn_samples(
    hand: HandData,
    backgrounds: Path | None,
    seed: int,
    encode: MapEncoder,
    sides: tuple[int, ...] = SIDES,
) -> Iterator[dict[str, NDArray]]:
    """Endless batches of right hands by column. sides: of the drawings, pixels, in turn."""
    synth = SyntheticHands(hand, side_px=INPUT_SIZE, backgrounds=backgrounds, seed=seed)
    number = 0
    try:
        while True:
            crops = synth.crops(number, BATCH, labelled=True, side_px=sides[number % len(sides)])
            number += 1
            rows = np.flatnonzero(crops.present & ~crops.mirrored)
            assert crops.visible is not None
            images = crops.images[rows]
            if images.shape[-1] != INPUT_SIZE:
                images = F.interpolate(images, (INPUT_SIZE, INPUT_SIZE), mode="bilinear", align_corners=False)
            seen = encode(images)
            coverage = crops.mask[rows]
            shown = crops.visible[rows].sum((1, 2)) / np.maximum(coverage.sum((1, 2)), 1)
            small = [cv2.resize(m, (MASK_SIDE, MASK_SIDE), interpolation=cv2.INTER_AREA) for m in coverage]
            yield seen_columns(seen) | {
                "focal": crops.focal[rows],
                "true_vertices_m": crops.vertices_m[rows],
                "true_joints_m": crops.joints_m[rows],
                "mask": np.round(255 * np.stack(small)).astype(np.uint8),
                "visible": shown.astype(np.float32),
            }
    finally:
        synth.close()


def fill(
    folder: Path,
    hand: HandData,
    backgrounds: Path | None,
    seed: int,
    capacity: int,
    crops: int,
    scales: Path | None = None,
    sides: tuple[int, ...] = SIDES,
    say: float = 30.0,
) -> None:
    """Draw into the cache of a folder, made if there is none, until `crops` were ever written.

    seed: also of a resumed run, whose batches begin anew: a cache that is resumed wants another seed. scales:
    another cache whose channel scales are taken. say: seconds between lines. Raises ValueError, OSError.
    """
    started, first = time.monotonic(), None
    samples = drawn_samples(hand, backgrounds, seed, MapEncoder(hand), sides)
    cache = MapCache(folder) if (folder / "state.json").is_file() else None
    told = started
    for rows in samples:
        if cache is None:
            known = MapCache(scales).scales if scales else scales_of({n: rows[n] for n in MAPS})
            cache = MapCache.create(folder, capacity, DRAWN_COLUMNS, known)
        first = cache.written if first is None else first
        cache.append(rows)
        if time.monotonic() - told > say:
            told = time.monotonic()
            rate = (cache.written - first) / (told - started)
            print(f"{cache.written} crops, {rate:.0f} a second", flush=True)
        if cache.written >= crops:
            return
