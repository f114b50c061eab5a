"""Runs with models whose errors are known: what is shown to them, and the figures that come out."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.datasets.samples import Prediction, Sample, SampleSet
from models.evaluation.benchmark import run
from models.evaluation.figures import curves, figures, judged_rows
from models.evaluation.report import can_submit, markdown, plot_pck, write_submission
from models.evaluation.silhouettes import draw_parts
from models.geometry import project
from models.hand.hand_data import load_open_hand
from models.types import Camera, Handedness
from tests.models.datasets.tiny_sets import hand

CAMERA = Camera(560.0, 560.0, 330.0, 250.0, 640, 480)


class Known:
    """A model that knows the truth, less an error: each joint and vertex is off by offset_m."""

    def __init__(self, offset_m: float = 0.0, misses: tuple[int, ...] = (), mesh: bool = True) -> None:
        self.offset_m, self.misses, self.mesh = offset_m, misses, mesh
        self.sizes: list[tuple[int, int]] = []

    def still(self, image_rgb: np.ndarray, camera: Camera, handedness: Handedness) -> Prediction | None:
        k = len(self.sizes)
        assert image_rgb.shape == (camera.height, camera.width, 3)
        self.sizes.append((camera.width, camera.height))
        if k in self.misses:
            return None
        joints, vertices = hand(k)
        pixels = project(joints, camera).astype(np.float32)
        off = np.array([0, 0, self.offset_m])
        joints[8] += off  # one joint of 21
        return Prediction(
            pixels + np.float32(1.0), joints.astype(np.float32),
            (vertices + off).astype(np.float32) if self.mesh else None, placed=self.mesh,
        )  # fmt: skip

    def track(self, frame_rgb: np.ndarray, camera: Camera, time_s: float) -> Prediction | None:
        return self.still(frame_rgb, camera, "right")

    def close(self) -> None: ...


def sample(k: int, **changes: Any) -> Sample:
    joints, vertices = hand(k)
    parts = draw_parts(vertices, load_open_hand().faces, load_open_hand().regions, CAMERA)
    base = Sample(
        f"{k}", np.zeros((480, 640, 3), np.uint8), "right", (560.0, 560.0, 330.0, 250.0),
        project(joints, CAMERA).astype(np.float32), joints.astype(np.float32), vertices.astype(np.float32),
        vertices_are_open=True, mask=parts > 0, parts=parts,
    )  # fmt: skip
    return replace(base, **changes)


def sample_set(count: int = 4, **changes: Any) -> SampleSet:
    return SampleSet("test", count, lambda: (sample(k, **changes) for k in range(count)))


def test_a_perfect_model_has_no_error() -> None:
    model = Known()
    result = figures(run(sample_set(), {"perfect": model}))["perfect"]
    assert result["missed"] == 0
    assert result["pa_mpjpe_mm"]["p95"] < 1e-3
    assert result["mpjpe_mm"] < 1e-3
    assert result["pa_mpvpe_mm"] < 1e-3
    assert result["auc_0_50"] == result["pa_f_5"] == 1
    assert result["joints_2d_px"] == pytest.approx(np.sqrt(2), abs=1e-2)  # a pixel right and a pixel down
    assert result["reprojected_over_box"]["mean"] < 1e-4
    assert result["silhouette_iou"] > 0.97
    assert result["silhouette_hd95_px"] <= 1.5
    assert result["silhouette_finger_miou"] > 0.93
    box = sample(0).box_px
    assert box is not None
    assert model.sizes[0] == pytest.approx((2 * max(box[2:]), 2 * max(box[2:])), abs=2)  # what it was shown


def test_figures_of_a_known_error() -> None:
    result = figures(run(sample_set(), {"model": Known(0.021)}))["model"]
    assert result["mpjpe_mm"] == pytest.approx(1.0, abs=1e-3)  # 21 mm in one joint of 21
    assert result["auc_0_50"] == pytest.approx(1 - 21 / 50 / 21, abs=1e-4)
    assert result["auc_20_50"] == pytest.approx(1 - 1 / 30 / 21, abs=1e-4)
    assert result["mpvpe_mm"] == pytest.approx(21.0, abs=1e-2)
    assert result["pa_mpvpe_mm"] < 1e-2
    assert result["pa_mpjpe_without_offsets_mm"] < 0.2 < result["pa_mpjpe_mm"]["mean"]
    fingers = result["pa_per_finger_mm"]
    assert max(fingers, key=fingers.__getitem__) == "index"


def test_all_are_judged_by_the_samples_that_all_answered() -> None:
    result = run(sample_set(), {"a": Known(misses=(1,)), "b": Known(0.1, misses=(2, 3), mesh=False)})
    assert judged_rows(result).tolist() == [0]
    found = figures(result)
    assert (found["a"]["missed"], found["b"]["missed"]) == (1, 2)
    assert "pa_mpvpe_mm" not in found["b"]
    assert "silhouette_iou" not in found["b"]
    assert "reprojected_over_box" not in found["b"]


def test_a_set_without_3d_or_with_nothing_at_all() -> None:
    flat = {"joints_3d_m": None, "vertices_m": None, "intrinsics": None, "mask": None, "parts": None}
    result = figures(run(sample_set(**flat), {"m": Known()}))["m"]
    assert "pa_mpjpe_mm" not in result
    assert "silhouette_iou" not in result
    assert result["joints_2d_over_box"]["mean"] is not None
    nothing = run(sample_set(**flat, joints_2d_px=None), {"m": Known()})
    assert figures(nothing)["m"] == {"missed": 0}
    assert curves(nothing) == {}


def test_a_video_of_unknown_scale() -> None:
    clip = SampleSet("clip", 6, lambda: (sample(k, time_s=k / 10) for k in range(6)), fps=10, metric=False)
    result = figures(run(clip, {"m": Known()}))["m"]
    assert "mpjpe_mm" not in result
    assert "joints_2d_px" not in result
    assert result["acceleration"]["joints_mm_per_frame2"] < 1e-3  # hand(k) moves steadily
    assert result["acceleration"]["vertices_mm_per_frame2"] < 1e-3
    assert result["acceleration"]["joints_2d_px_per_frame2"] > 0  # but not in the picture


def test_joints_that_do_not_count() -> None:
    counted = np.ones(21, bool)
    counted[8] = False
    result = figures(run(sample_set(joints_counted=counted), {"m": Known(0.021)}))["m"]
    assert result["pa_mpjpe_mm"]["mean"] < 1e-3
    none = run(sample_set(joints_counted=np.zeros(21, bool)), {"m": Known()})
    assert len(judged_rows(none)) == 0
    assert "pa_mpjpe_mm" not in figures(none)["m"]


def test_joints_outside_the_picture_are_an_error() -> None:
    away = np.full((21, 2), -5000, np.float32) + np.arange(42, dtype=np.float32).reshape(21, 2)
    with pytest.raises(ValueError, match="outside its picture"):
        run(sample_set(joints_2d_px=away), {"m": Known()})


def test_report(tmp_path: Path) -> None:
    result = run(sample_set(), {"fit": Known(0.021), "mediapipe": Known(0.05, mesh=False)})
    found = figures(result)
    text = markdown({"test": {"samples": 4, "judged": 4, "models": found}})
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line]
    rows = {row[0]: row[1:] for row in cells}
    assert rows[""] == ["fit", "mediapipe"]
    assert rows["missed"] == ["0", "0"]
    assert rows["PA-MPVPE, mm"] == ["0.00", "–"]
    assert rows["MPJPE from the wrist, mm"] == ["1.00", "2.38"]
    assert rows["2D error, px"] == ["1.41", "1.41"]
    assert float(rows["— index"][0]) > float(rows["— ring"][0]) > 0
    assert not any(row.startswith("acceleration") for row in rows)
    plot_pck(curves(result), "test", tmp_path / "pck.png")
    assert (tmp_path / "pck.png").read_bytes().startswith(b"\x89PNG")
    assert set(curves(result)) == {"aligned", "root", "picture"}


def test_submission_holds_joints_and_vertices_in_order(tmp_path: Path) -> None:
    result = run(sample_set(), {"fit": Known(misses=(1,)), "flat": Known(mesh=False)})
    assert not can_submit(result.answers["flat"])
    with pytest.raises(ValueError, match="nothing to submit"):
        write_submission(result, "flat", tmp_path / "flat.zip")
    write_submission(result, "fit", tmp_path / "fit.zip")
    with zipfile.ZipFile(tmp_path / "fit.zip") as archive:
        assert archive.namelist() == ["pred.json"]
        xyz, vertices = json.loads(archive.read("pred.json"))
    assert np.shape(xyz) == (4, 21, 3)
    assert np.shape(vertices) == (4, 778, 3)
    np.testing.assert_allclose(xyz[2], hand(2)[0], atol=1e-6)
    np.testing.assert_allclose(vertices[3], hand(3)[1], atol=1e-6)
    assert not np.any(xyz[1])
