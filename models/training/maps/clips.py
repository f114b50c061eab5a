"""Clips, as the encoder sees them frame by frame, and what consecutive frames teach a decoder.

Nobody knows the hand, but a hand moves smoothly: in three frames in turn, the middle one lies midway between
the others, but for a little. What differs from that is each frame's own error, and costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.datasets.samples import Sample
from models.hand.hand_data import HandData
from models.inference.landmark_runtime import INPUT_SIZE, crop_hand
from models.networks.joint_fit import joints_of
from models.networks.landmark_system import LandmarkSystem
from models.networks.mesh.levels import vertices_at
from models.networks.network import UNIT_M
from models.tracking.pipeline import Pipeline
from models.training.maps.batch import maps_of
from models.training.maps.cache import Column, MapCache
from models.training.maps.drawn import SEEN_COLUMNS, seen_columns
from models.training.maps.encoder import MapEncoder
from models.types import Camera, Crop

CLIP_COLUMNS = SEEN_COLUMNS | {"turn": Column((3, 3), "f4"), "run": Column((), "i4")}
"""Beside what the encoder saw: the frame's camera axes -> the crop's, and a number that consecutive frames of
one hand share."""
_FRAMES = 3  # in turn
_BATCH = 32


def clip_rows(
    frames: Iterable[Sample], pipeline: Pipeline, encode: MapEncoder, first_run: int = 0
) -> Iterator[dict[str, NDArray]]:
    """Rows of a cache, of one clip's frames in turn, by column. pipeline: follows one hand, unsmoothed."""
    run, last_id = first_run, -1
    crops: list[Crop] = []
    runs: list[int] = []
    for frame in frames:
        image = np.asarray(frame.image)
        height, width = image.shape[:2]
        camera = None if frame.intrinsics is None else Camera(*frame.intrinsics, width, height)
        result = pipeline.process(image, frame.time_s or 0.0, camera)
        now_id = result.hands[0].track_id if result.hands else -1
        run += now_id != last_id
        last_id = now_id
        if result.hands:
            hand = result.hands[0]
            crops.append(crop_hand(image, result.camera, hand.joints_2d_px, hand.handedness, INPUT_SIZE))
            runs.append(run)
        if len(crops) == _BATCH:
            yield _columns(crops, runs, encode)
            crops, runs = [], []
    if crops:
        yield _columns(crops, runs, encode)


def _columns(crops: list[Crop], runs: list[int], encode: MapEncoder) -> dict[str, NDArray]:
    images = torch.from_numpy(np.stack([c.image_rgb for c in crops])).permute(0, 3, 1, 2).float().div_(255)
    return seen_columns(encode(images)) | {
        "focal": np.array([c.camera.fx / c.camera.width for c in crops], np.float32),
        "turn": np.array([c.A for c in crops], np.float32),
        "run": np.array(runs, np.int32),
    }


class ClipTerms:
    """What frames in turn, out of a cache of `tools.build.clip_map_cache`, say of a system."""

    def __init__(
        self, net: LandmarkSystem, hand: HandData, cache: MapCache, triples: int = 5, weight: float = 0.5
    ) -> None:
        """triples: of frames in each step. Raises ValueError where no three frames follow each other."""
        run = cache.columns.get("run", np.empty(0))[: len(cache)]
        self._first = np.flatnonzero(run[: 1 - _FRAMES] == run[_FRAMES - 1 :])
        if len(self._first) == 0:
            raise ValueError(
                f"{cache.folder}: no three frames in turn; make it with tools.build.clip_map_cache"
            )
        self._net, self._cache, self._triples, self._weight = net, cache, triples, weight
        self._pick = vertices_at(hand, 2)

    def __call__(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """The terms of one step, of frames that are drawn."""
        rows = (rng.choice(self._first, self._triples)[:, None] + np.arange(_FRAMES)).ravel()
        apart = self.unsteady(rows)
        return {"steady": self._weight * apart / UNIT_M}

    def unsteady(self, rows: NDArray[np.intp]) -> Tensor:
        """Metres by which the middle ones of three rows each are off the others' middle, per axis, in the
        mean over vertices, as seen from the wrist: of the mesh with and without single vertices moved."""
        d = {name: torch.from_numpy(self._cache.columns[name][rows]) for name in self._cache.columns}
        maps = maps_of(d)
        joints_2d, joints_m = joints_of(d["joints_px"], d["world_m"], self._net.palm_m)
        found = self._net.decode(maps, joints_2d, joints_m, d["focal"], vertices=self._pick)
        stages = [found.final] if found.posed is None else [found.posed, found.final]
        return torch.stack([_bent(s.vertices @ d["turn"]) for s in stages]).mean()


def _bent(points: Tensor) -> Tensor:
    """Mean distance, per axis, of points (B, N, 3) of rows 3k + 1 from the middle of 3k and 3k + 2."""
    return (0.5 * (points[0::3] + points[2::3]) - points[1::3]).abs().mean()
