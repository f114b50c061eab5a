"""The drawn test set: its truth is that of its pictures, and a seed is a set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.cli import main as palmistry
from models.datasets.registry import read_set
from models.datasets.samples import Prediction, Sample
from models.evaluation.benchmark import run
from models.evaluation.figures import figures
from models.types import Camera, Handedness
from tools.build.synthetic_test import main

COUNT, SIZE = 8, 160


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic")
    if main(["--out", str(out), "--count", str(COUNT), "--size", str(SIZE), "--seed", "4"]) == 2:
        pytest.skip("needs EGL")
    return out


class Labels:
    """A model that answers a set's own truth."""

    def __init__(self, samples: list[Sample]) -> None:
        self.samples = iter(samples)

    def still(self, image_rgb: np.ndarray, camera: Camera, handedness: Handedness) -> Prediction | None:
        sample = next(self.samples)
        assert sample.joints_2d_px is not None
        assert sample.joints_3d_m is not None
        assert sample.intrinsics is not None
        cut = np.array(sample.intrinsics[2:]) - [camera.cx, camera.cy]
        px = (sample.joints_2d_px - cut).astype(np.float32)
        return Prediction(px, sample.joints_3d_m, sample.vertices_m)

    def track(self, frame_rgb: np.ndarray, camera: Camera, time_s: float) -> Prediction | None:
        return None

    def close(self) -> None: ...


def test_who_knows_the_truth_makes_no_error(folder: Path) -> None:
    """Joints, mesh, mask, parts and camera of every sample agree."""
    samples = read_set("synthetic", folder)
    truth = list(samples.read())
    assert samples.count == len(truth) == COUNT
    found = figures(run(samples, {"truth": Labels(truth)}))["truth"]
    assert found["pa_mpjpe_mm"]["p95"] < 1e-2
    assert found["pa_mpvpe_mm"] < 1e-2
    assert found["mpvpe_mm"] < 1e-2
    assert found["pa_f_5"] == found["pa_f_15"] == 1
    assert found["joints_2d_px"] < 1e-2
    assert found["reprojected_over_box"]["mean"] < 1e-4
    # The drawn mesh is smoother than its 778 vertices, and its wrist ends elsewhere by a few pixels.
    assert found["silhouette_iou"] > 0.93
    assert found["silhouette_finger_miou"] > 0.8
    assert found["silhouette_hd95_px"] < 5  # of 224


def test_a_left_hand_s_truth_lies_in_its_picture(folder: Path) -> None:
    """Mirrored, the truth is the picture's too."""
    from models.hand.hand_data import load_open_hand
    from models.training.synthetic.sampler import SyntheticHands
    from tools.build.synthetic_test import _truth

    source = SyntheticHands(load_open_hand(), side_px=SIZE, seed=3)
    crops = source.crops(1, 24, labelled=True)
    source.close()
    k = int(np.flatnonzero(crops.mirrored)[0])
    handedness, (fx, fy, cx, cy), joints, _ = _truth(crops, k, SIZE)
    assert handedness == "left"
    x, y = np.round(joints[:, :2] / joints[:, 2:] * [fx, fy] + [cx, cy]).astype(int).T
    inside = (x >= 0) & (x < SIZE) & (y >= 0) & (y < SIZE)
    assert (crops.mask[k, y[inside], x[inside]] > 0.5).mean() > 0.8


def test_a_seed_is_a_set(folder: Path, tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--count", str(COUNT), "--size", str(SIZE), "--seed", "4"]) == 0
    for path in folder.glob("*.png"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", "/proc/nowhere", "--count", "1"]) == 2
    assert main(["--out", str(tmp_path), "--backgrounds", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "/proc/nowhere" in lines[0]
    assert "holds no jpg" in lines[1]
    assert palmistry(["evaluate", "--data", f"synthetic:{tmp_path}"]) == 2
    assert "tools.build.synthetic_test" in capsys.readouterr().err
