"""Clips in a cache: their rows, and what frames in turn teach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.datasets.samples import Sample
from models.geometry import camera_from_fov, project
from models.hand.hand_data import load_open_hand
from models.networks.systems.tang_lm import TangLm, TangLmConfig
from models.tracking.pipeline import PipelineResult
from models.training.maps.cache import MapCache
from models.training.maps.clips import CLIP_COLUMNS, ClipTerms, clip_rows
from models.training.maps.encoder import EncodedCrops
from models.types import HandMesh

HAND = load_open_hand()
CAMERA = camera_from_fov(320, 240)
LOST = 4  # the frame without a hand


def encode(images: Tensor) -> EncodedCrops:
    """An encoder that sees the same hand in everything."""
    n, rng = len(images), np.random.default_rng(0)
    joints = np.repeat(112 + 800 * (HAND.regressor_21 @ HAND.template_m)[None], n, 0).astype(np.float32)
    maps = [rng.random((1, *CLIP_COLUMNS[f].shape), np.float32) for f in ("f56", "f28", "f14", "pooled")]
    small = (joints - joints[:, :1]) / 800
    return EncodedCrops(*(np.repeat(m, n, 0) for m in maps), joints, small, small)


class Follower:
    """Follows a hand that drifts to the right; loses it once."""

    def process(self, frame_rgb: np.ndarray, time_s: float, camera: Any) -> PipelineResult:
        k = round(30 * time_s)
        V = HAND.template_m - HAND.template_m.mean(0) + [0.001 * k, 0, 0.5]
        J = HAND.regressor_21 @ V
        px = project(J, CAMERA).astype(np.float32)
        mesh = HandMesh("right", V.astype(np.float32), J.astype(np.float32), px, 1.0, int(k > LOST), time_s)
        return PipelineResult(() if k == LOST else (mesh,), CAMERA, {})


def frames() -> Iterator[Sample]:
    for k in range(9):
        intrinsics = (CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy)
        yield Sample(
            str(k), np.zeros((240, 320, 3), np.uint8), "right", intrinsics, None, None, time_s=k / 30
        )


def made(folder: Path, rows: list[dict[str, np.ndarray]]) -> MapCache:
    scales = {f: np.full(CLIP_COLUMNS[f].shape[0], 1 / 127, np.float32) for f in ("f56", "f28", "f14")}
    cache = MapCache.create(folder, 16, CLIP_COLUMNS, scales)
    for some in rows:
        cache.append(some)
    return cache


def test_frames_in_turn_share_a_number_and_a_lost_hand_begins_another(tmp_path: Path) -> None:
    rows = list(clip_rows(frames(), Follower(), encode, 7))  # type: ignore[arg-type]
    assert np.concatenate([r["run"] for r in rows]).tolist() == [8] * 4 + [10] * 4
    terms = ClipTerms(TangLm(TangLmConfig(), HAND), HAND, made(tmp_path / "clips", rows), triples=40)
    drawn = terms._first
    assert drawn.tolist() == [0, 1, 4, 5]


def test_what_moves_evenly_costs_nothing_and_what_trembles_does(tmp_path: Path) -> None:
    rows = list(clip_rows(frames(), Follower(), encode))  # type: ignore[arg-type]
    for some in rows:
        some["turn"], some["focal"] = np.tile(np.eye(3, dtype=np.float32), (8, 1, 1)), np.full(8, 2.0, "f4")
    torch.manual_seed(0)
    net = TangLm(TangLmConfig(), HAND).eval()
    still = ClipTerms(net, HAND, made(tmp_path / "still", rows))
    assert still.unsteady(np.arange(3)) < 1e-6, "the same answer in every frame"
    rng = np.random.default_rng(1)
    rows[0]["joints_px"] = rows[0]["joints_px"] + rng.normal(0, 2, (8, 21, 3)).astype(np.float32)
    trembling = ClipTerms(net, HAND, made(tmp_path / "trembling", rows))
    assert trembling.unsteady(np.arange(3)) > 1e-5
    loss = trembling(rng)["steady"]
    net.train()
    loss = trembling(rng)["steady"]
    loss.backward()  # type: ignore[no-untyped-call]
    assert net.parameter_step.out.weight.grad is not None


def test_a_clip_that_is_too_short_and_a_cache_of_something_else_are_refused(tmp_path: Path) -> None:
    scales = {f: np.full(CLIP_COLUMNS[f].shape[0], 1 / 127, np.float32) for f in ("f56", "f28", "f14")}
    other = MapCache.create(tmp_path / "other", 2, {"focal": CLIP_COLUMNS["focal"]}, scales)
    with pytest.raises(ValueError, match="no three frames in turn"):
        ClipTerms(TangLm(TangLmConfig(), HAND), HAND, other)
    rows = list(clip_rows(list(frames())[:2], Follower(), encode))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no three frames in turn"):
        ClipTerms(TangLm(TangLmConfig(), HAND), HAND, made(tmp_path / "short", rows))
