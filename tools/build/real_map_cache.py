"""Show photographed hands to the frozen landmark encoder in several views, and keep its maps, with labels.

    python -m tools.build.real_map_cache --out DIR --real CROPS [--closeups PHOTOS] --scales CACHE

CROPS: a folder of real crops (tools.build.real_crops). PHOTOS: photographs of single hands with boxes.json,
of which only those of true proportions and those that are not kept for judging are taken. --held-out takes
what is kept from training instead. CACHE: the cache of drawn hands that is learnt from beside it, for its
byte scales. 150 kB a view, six views a hand. Labels and silhouettes are made on the way.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import torch

from models.datasets.kept_out import is_kept_out
from models.datasets.real_crops import read_real_crops
from models.datasets.samples import read_rgb, require
from models.geometry import camera_from_fov
from models.hand.hand_data import HandData, load_open_hand
from models.inference.landmark_runtime import LandmarkRuntime
from models.tracking.detector import HandDetector
from models.tracking.reconstruction import FittedLandmarks
from models.training.maps.cache import MapCache
from models.training.maps.encoder import MapEncoder
from models.training.maps.real import REAL_COLUMNS, VIEWS, Photograph, RealViews
from models.training.real.label_files import crop_camera_of
from models.types import Handedness
from tools.command import command

_TRUE_PROPORTIONS = "3:4"
_SAY_S = 30.0


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="the landmark encoder's maps of photographed hands")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--real", type=Path, required=True, metavar="CROPS")
    parser.add_argument("--closeups", type=Path, metavar="PHOTOS")
    parser.add_argument("--scales", type=Path, required=True, metavar="CACHE")
    parser.add_argument("--held-out", action="store_true", help="the hands kept from training, to judge by")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth crop")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    scales = MapCache(options.scales).scales
    photographs = [crops_of(options.real, options.held_out, max(1, options.every))]
    most = len(read_real_crops(options.real).image)
    if options.closeups is not None:
        photographs.append(closeups_of(options.closeups, options.held_out))
        most += len(_proportioned(options.closeups))
    fill(options.out, load_open_hand(), chain(*photographs), most, scales, options.seed)


def fill(
    folder: Path,
    hand: HandData,
    photographs: Iterator[Photograph],
    most: int,
    scales: dict[str, np.ndarray],
    seed: int,
) -> None:
    """Write a new cache. most: hands that it may have to hold; their files are sparse until then."""
    cache = MapCache.create(folder, most * VIEWS, REAL_COLUMNS, scales)
    views = RealViews(hand, MapEncoder(hand), seed)
    told, cut_out = time.monotonic(), 0
    for rows in views.rows(photographs):
        cache.append(rows)
        cut_out += int(rows["silhouette"][0])
        if time.monotonic() - told > _SAY_S:
            told = time.monotonic()
            print(f"{cache.written // VIEWS} hands, {cut_out} with a silhouette", flush=True)
    print(f"{cache.written // VIEWS} hands, {cut_out} with a silhouette, end", flush=True)


def crops_of(folder: Path, held_out: bool, every: int) -> Iterator[Photograph]:
    """Every Nth of the crops that training may see, or of those kept from it."""
    crops = read_real_crops(folder)
    for row in np.flatnonzero(crops.held_out == held_out)[::every]:
        picture = read_rgb(crops.folder / str(crops.image[row]))
        side: Handedness = "left" if crops.handedness[row] == "left" else "right"
        camera = crop_camera_of(picture.shape[1], picture.shape[0])
        yield Photograph(picture, camera, crops.joints_2d_px[row], side)


def closeups_of(folder: Path, held_out: bool) -> Iterator[Photograph]:
    """Photographs of single hands, as the detector finds them."""
    method = FittedLandmarks(LandmarkRuntime())
    detector = HandDetector(method.sight, method.input_size, max_hands=1)
    for path in _proportioned(folder):
        if is_kept_out(path) != held_out:
            continue
        picture = read_rgb(path)
        found = detector.detect(picture)
        if found:
            camera = camera_from_fov(picture.shape[1], picture.shape[0])
            yield Photograph(picture, camera, found[0].joints_2d_px, found[0].handedness)


def _proportioned(folder: Path) -> list[Path]:
    path = require(folder / "boxes.json", "give the folder of photographs with their boxes.json")
    try:
        entries = json.loads(path.read_bytes())
        return [folder / name for name in sorted(entries) if entries[name]["aspect"] == _TRUE_PROPORTIONS]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} can't be used ({error!r}); copy the folder again") from error


if __name__ == "__main__":
    raise SystemExit(main())
