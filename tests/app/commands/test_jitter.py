"""The jitter test: its figures on a hand of known noise, its warnings, its files, its command."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.cli import main
from app.commands import jitter as command
from app.jitter import JitterTest, NoHandFound, save_report
from app.jitter.spool import FrameSpool
from models.datasets.samples import Prediction
from models.geometry import camera_from_fov, project
from models.types import Camera
from tests.app.commands.command_help import failing_line

CAMERA = camera_from_fov(320, 240)
SHAPE = np.random.default_rng(3).uniform(-0.04, 0.04, (799, 3))
NOISE_M = 0.0005


class Stand:
    """A hand of known noise, gone on some frames."""

    detector_runs: int | None = 3

    def __init__(self, name: str, gone: range = range(0), drift_m: float = 0.0) -> None:
        self.rng = np.random.default_rng(len(name))
        self.mesh, self.gone, self.drift_m, self.calls, self.closed = name != "mediapipe", gone, drift_m, 0, 0

    def track(self, frame_rgb: np.ndarray, camera: Camera, time_s: float) -> Prediction | None:
        self.calls += 1
        if self.calls - 1 in self.gone:
            return None
        noise = self.rng.normal(0, NOISE_M, (799, 3))
        here = SHAPE + np.array([self.drift_m * time_s, 0, 0.5])
        points = here + noise
        joints, vertices = points[778:].astype(np.float32), points[:778].astype(np.float32)
        pixels = project(here[778:], camera).astype(np.float32)
        return Prediction(pixels, joints, vertices if self.mesh else None, track_id=1)

    def close(self) -> None:
        self.closed += 1


def picture(shift_px: float = 0.0) -> np.ndarray:
    """A background with many corners, moved to the right."""
    noise = np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8)
    wide = cv2.GaussianBlur(cv2.resize(noise, (360, 240), interpolation=cv2.INTER_CUBIC), (0, 0), 2)
    warp = np.array([[1, 0, shift_px - 20], [0, 1, 0]], np.float64)
    return cv2.warpAffine(wide, warp, (320, 240), flags=cv2.INTER_CUBIC)


def measured(frames: int = 200, camera_px: float = 0.0, names: tuple[str, ...] = ("fit",), **stand: object):
    """A test of stand-ins; the camera moves by so many pixels in all."""
    test = JitterTest(names, make=lambda name: Stand(name, **stand))  # type: ignore[arg-type]
    still = picture()
    for k in range(frames):
        test.add(picture(camera_px * k / frames) if camera_px else still, k / 30, CAMERA)
    return test.report("stand-in")


def test_figures_are_right_within_3_percent_and_filtering_calms_them() -> None:
    report = measured(names=("fit", "mediapipe")).summary()
    expected = np.sqrt(12) * 1e3 * NOISE_M * np.sqrt(8 / np.pi)  # root and point shake apart
    assert report["models"]["fit"]["raw"]["vertices_mm_per_frame2"] == pytest.approx(expected, rel=0.03)
    for model in report["models"].values():
        raw, filtered = model["raw"], model["filtered"]
        assert raw["joints_3d_mm_per_frame2"] == pytest.approx(expected * 20 / 21, rel=0.03)
        root = np.sqrt(12 / np.pi) * 1e3 * NOISE_M
        assert raw["root_mm_per_frame2"] == pytest.approx([root] * 3, rel=0.15)  # one point, 198 moments
        assert raw["joints_2d_px_per_frame2"] == pytest.approx(0, abs=1e-4)
        assert filtered["joints_3d_mm_per_frame2"] < raw["joints_3d_mm_per_frame2"] / 2
        assert all(
            f < r for f, r in zip(filtered["root_mm_per_frame2"], raw["root_mm_per_frame2"], strict=True)
        )
    assert report["models"]["mediapipe"]["raw"]["vertices_mm_per_frame2"] is None
    assert report["frames"] == 200
    assert report["fps"] == pytest.approx(30)


def test_a_still_hand_before_a_still_camera_gets_no_warning() -> None:
    report = measured(60)
    assert report.warnings == []
    assert report.camera.known


def test_a_moving_camera_is_noticed_and_its_way_measured() -> None:
    report = measured(40, camera_px=6.0)
    assert "The camera moved" in report.warnings[0]
    assert report.camera.drift_px == pytest.approx(6.0 * 34 / 40, rel=0.1)  # of its 11-frame means


def test_a_blank_background_can_not_tell() -> None:
    test = JitterTest(["fit"], make=Stand)
    for k in range(30):
        test.add(np.full((240, 320, 3), 90, np.uint8), k / 30, CAMERA)
    assert "too little to tell" in test.report("wall").warnings[0]


def test_a_moving_hand_is_noticed() -> None:
    report = measured(60, drift_m=0.05)
    assert any("The hand moved" in line for line in report.warnings)
    assert not any("camera" in line for line in report.warnings)


def test_losses_and_hand_offs_are_counted() -> None:
    report = measured(60, gone=range(20, 30)).models["fit"]
    assert (report.frames_with_hand, report.losses, report.hand_offs) == (50, 1, 2)
    late = measured(60, gone=range(0, 10))
    assert (late.models["fit"].losses, late.models["fit"].hand_offs) == (0, 1)
    assert "found no hand in 10 of 60" in late.warnings[-1]


def test_no_hand_and_too_few_frames_say_so() -> None:
    with pytest.raises(NoHandFound, match="no model found a hand"):
        measured(30, gone=range(30))
    with pytest.raises(NoHandFound, match="too few"):
        measured(5)


def test_files_hold_what_was_measured(tmp_path: Path) -> None:
    report = measured(40, names=("fit", "mediapipe"), gone=range(10, 12))
    assert save_report(report, tmp_path / "new") == ["jitter.json", "jitter.csv", "jitter.png"]
    assert json.loads((tmp_path / "new" / "jitter.json").read_text()) == report.summary()
    rows = list(csv.DictReader((tmp_path / "new" / "jitter.csv").open()))
    assert len(rows) == 40 * 2 * 2
    mine = [row for row in rows if row["model"] == "fit" and row["kind"] == "raw"]
    known = [float(row["vertices_mm_per_frame2"]) for row in mine if row["vertices_mm_per_frame2"]]
    assert np.mean(known) == pytest.approx(
        report.models["fit"].figures["raw"]["vertices_mm_per_frame2"], rel=1e-3
    )
    assert mine[10]["root_x_mm"] == ""
    image = cv2.imread(str(tmp_path / "new" / "jitter.png"))
    assert image.shape[1] > 2000


def test_a_spool_gives_back_what_it_got() -> None:
    spool, rng = FrameSpool(), np.random.default_rng(0)
    frames = [rng.integers(0, 255, (24, 32, 3), np.uint8) for _ in range(5)]
    assert all(spool.add(frame, k / 30) for k, frame in enumerate(frames))
    assert not spool.add(frames[0][:12], 1.0)
    for _ in range(2):
        for (image, time_s), (k, frame) in zip(spool.frames(), enumerate(frames), strict=True):
            np.testing.assert_array_equal(image, frame)
            assert time_s == k / 30
    spool.close()


def test_the_command_measures_a_part_of_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = "fit,mobrecon_lm,mediapipe"
    assert main(["jitter", "demo", "--seconds", "0.6", "--start", "-0.7", "--model", models, "--json"]) == 0
    printed = capsys.readouterr().out
    report = json.loads(printed.splitlines()[-1])
    assert list(report["models"]) == models.split(",")
    assert report["frames"] == 18
    assert report["models"]["fit"]["raw"]["vertices_mm_per_frame2"] > 0
    assert report["models"]["mediapipe"]["raw"]["root_mm_per_frame2"][2] > 0
    for row in ("mm/frame²", "mm/s²", "mm/s³", "standard deviation, mm", "RMS deviation, mm"):
        assert row in printed


def test_the_command_records_a_camera(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.capture import Frame

    frames = [Frame(picture(), k / 10, k) for k in range(80)]
    monkeypatch.setattr(command, "live_frames", lambda source, stop, report: iter(frames))
    monkeypatch.setattr(command, "JitterTest", lambda models, smoothing: JitterTest(models, smoothing, Stand))
    assert main(["jitter", "0", "--seconds", "2", "--model", "fit", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out.splitlines()[-1])["frames"] == 20
    assert "hold still" in captured.err


def write_image(path: Path) -> Path:
    assert cv2.imwrite(str(path), picture())
    return path


def write_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (lambda tmp: ["nowhere.mp4"], "does not exist"),
        (lambda tmp: ["demo", "--model", "fit,magic"], "no model magic"),
        (lambda tmp: ["demo", "--model", ","], "choose from"),
        (lambda tmp: ["demo", "--seconds", "0"], "0.5 to 600"),
        (lambda tmp: ["demo", "--seconds", "nan"], "0.5 to 600"),
        (lambda tmp: ["demo", "--start", "inf"], "expected seconds"),
        (lambda tmp: ["demo", "--smoothing", "2"], "responsive"),
        (lambda tmp: ["demo", "--start", "60", "--model", "fit"], "too few"),
        (lambda tmp: [write_image(tmp / "hand.png")], "is one picture"),
        (lambda tmp: [write_file(tmp / "bad.mp4", b"no video")], "not a readable video"),
        (lambda tmp: ["demo", "--out", write_file(tmp / "file", b"x")], "can't be written"),
    ],
)
def test_bad_input_ends_in_one_line(
    arguments: Callable[[Path], list[object]], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in failing_line(capsys, "jitter", *arguments(tmp_path))
