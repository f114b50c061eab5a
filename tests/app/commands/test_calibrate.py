"""The calibrate command and calibration files, which come from outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from app import folders
from app.capture import CameraInfo, Frame
from app.cli import main
from app.commands import calibrate
from app.errors import UserError
from app.measure.camera_files import calibration_of, calibration_path, load_calibration, save_calibration
from app.measure.chessboard import Board, Calibration
from app.session import Settings, Status
from app.session.finder import HandFinder
from models.types import Camera
from tests.app.commands.command_help import failing_line
from tests.app.fakes import FakePipeline
from tests.app.measure.chessboards import board_views

CAMERA = Camera(602.0, 599.0, 325.0, 236.0, 640, 480)
BOARD = Board(9, 6)
FOUND = Calibration(CAMERA, (-0.02, 0.01), 0.11, 0.004, 14, BOARD)


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PALMISTRY_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def views() -> list[np.ndarray]:
    return board_views(BOARD, CAMERA, 12)


def test_a_folder_of_pictures_gives_the_camera(
    tmp_path: Path, views: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "boards"
    pictures.mkdir()
    for k, view in enumerate(views):
        assert cv2.imwrite(str(pictures / f"{k:02}.png"), view)
    out = tmp_path / "new" / "camera.json"
    arguments = ["calibrate", pictures, "--board", "9x6", "--square", "25", "--out", out, "--json"]
    assert main([str(a) for a in arguments]) == 0
    printed = capsys.readouterr().out
    assert "Expected depth error: ± 6 %" in printed
    report = json.loads(printed.splitlines()[-1])
    assert report["intrinsics"][0] == pytest.approx(CAMERA.fx, rel=0.005)
    assert load_calibration(out).camera.fx == report["intrinsics"][0]
    assert Settings(calibration=load_calibration(out)).camera(320, 240).fx == pytest.approx(
        CAMERA.fx / 2, rel=0.005
    )


def test_a_camera_is_calibrated_under_its_own_name(
    monkeypatch: pytest.MonkeyPatch, views: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [Frame(view, 0.25 * k, k) for k, view in enumerate(views)]
    monkeypatch.setattr(calibrate, "live_frames", lambda source, stop, report, wishes: iter(frames))
    monkeypatch.setattr(calibrate, "list_cameras", lambda: (CameraInfo(2, "Fine Cam / HD"),))
    assert main(["calibrate", "2"]) == 0
    assert calibration_path("Fine Cam / HD").name == "Fine-Cam-HD.json"
    saved = calibration_of("Fine Cam / HD")
    assert saved is not None
    assert saved.name == "Fine Cam / HD"
    assert calibration_of("another") is None


def test_a_calibration_is_kept_apart_from_other_proportions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = save_calibration(
        tmp_path / "wide.json",
        "wide",
        Calibration(Camera(900, 900, 640, 360, 1280, 720), (0, 0), 0.1, 0.01, 9, BOARD),
    )
    assert Settings(calibration=wide).camera(640, 480) == Settings().camera(640, 480)
    line = failing_line(capsys, "jitter", "demo", "--calibration", tmp_path / "wide.json")
    assert "1280×720, these are 640×480" in line


def test_the_window_says_that_a_calibration_is_for_another_shape(tmp_path: Path) -> None:
    wide = save_calibration(
        tmp_path / "wide.json",
        "wide",
        Calibration(Camera(900, 900, 640, 360, 1280, 720), (0, 0), 0.1, 0.01, 9, BOARD),
    )
    said: list[Status] = []
    finder = HandFinder(lambda config: FakePipeline(), said.append)
    square, fitting = (Frame(np.zeros((h, 64, 3), np.uint8), 0.0, 0) for h in (48, 36))
    for frame in (square, square, fitting):
        finder.find(frame, Settings(calibration=wide))
    finder.close()
    lines = [status.text for status in said if status.topic == "calibration"]
    assert len(lines) == 2
    assert "calibrated at 1280×720" in lines[0]
    assert "another shape" in lines[0]
    assert lines[1] == ""


def changed(**changes: object) -> str:
    """A good file's text with other entries."""
    path = folders.user_folder("test") / "good.json"
    save_calibration(path, "good", FOUND)
    return json.dumps(json.loads(path.read_text()) | changes)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: "no json", "not a camera's calibration"),
        (lambda: "[" * 50_000, "not a camera's calibration"),
        (lambda: "[]", "not a camera's calibration"),
        (lambda: changed(kind="other"), "not a camera's calibration"),
        (lambda: changed(intrinsics=[1, 2, 3]), "expected 4 numbers in 'intrinsics'"),
        (lambda: changed(intrinsics=[1, "2", 3, 4]), "expected 4 numbers"),
        (lambda: changed(intrinsics=[600, 600, float("nan"), 240]), "expected 4 numbers"),
        (lambda: changed(intrinsics=[600, -600, 320, 240]), "can't be a camera's"),
        (lambda: changed(intrinsics=[600, 600, 3200, 240]), "can't be a camera's"),
        (lambda: changed(size=[0, 480]), "can't be a camera's"),
        (lambda: changed(size=[640.5, 480]), "can't be a camera's"),
        (lambda: changed(size=None), "expected 2 numbers in 'size'"),
        (lambda: changed(error_px=True), "expected 1 numbers in 'error_px'"),
        (lambda: changed(focal_error=2), "can't be a camera's"),
        (lambda: "x" * 200_000, "too large"),
    ],
)
def test_files_that_are_none_end_in_one_line(make: Callable[[], str], said: str, tmp_path: Path) -> None:
    path = tmp_path / "camera.json"
    path.write_text(make())
    with pytest.raises(UserError, match=said):
        load_calibration(path)


def test_a_name_of_any_kind_reads_back(tmp_path: Path) -> None:
    for name in ("", "../../etc/passwd", "Webcam: ünïcode / 1", "x" * 500):
        assert calibration_path(name).parent == folders.user_folder("cameras")
        assert save_calibration(calibration_path(name), name, FOUND).camera == CAMERA


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (lambda tmp: ["nowhere.mp4"], "does not exist"),
        (lambda tmp: [tmp], "holds no images"),
        (lambda tmp: ["demo", "--board", "9"], "inner corners as 9x6"),
        (lambda tmp: ["demo", "--board", "2x6"], "inner corners as 9x6"),
        (lambda tmp: ["demo", "--square", "0"], "1 to 1000 mm"),
        (lambda tmp: ["demo", "--square", "wide"], "1 to 1000 mm"),
        (lambda tmp: ["demo", "--out", tmp / "camera.txt"], "must end in .json"),
    ],
)
def test_bad_input_ends_in_one_line(
    arguments: Callable[[Path], list[object]], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in failing_line(capsys, "calibrate", *arguments(tmp_path))
