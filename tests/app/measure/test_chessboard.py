"""Calibration recovers the camera that drew the boards, and says what is wrong with boards that don't do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.measure.chessboard import Board, CalibrationError, Calibrator
from models.types import Camera
from tests.app.measure.chessboards import board_views

CAMERA = Camera(602.0, 599.0, 325.0, 236.0, 640, 480)
BOARD = Board(9, 6)


@pytest.fixture(scope="module")
def views() -> list[np.ndarray]:
    return board_views(BOARD, CAMERA, 14)


def fed(board: Board, pictures: list[np.ndarray]) -> Calibrator:
    calibrator = Calibrator(board)
    for picture in pictures:
        calibrator.add(picture)
    return calibrator


def test_the_focal_length_is_recovered_within_half_a_percent(views: list[np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(v + rng.normal(0, 3, v.shape), 0, 255).astype(np.uint8) for v in views]
    found = fed(BOARD, noisy).solve()
    assert found.camera.fx == pytest.approx(CAMERA.fx, rel=0.005)
    assert found.camera.fy == pytest.approx(CAMERA.fy, rel=0.005)
    assert (found.camera.cx, found.camera.cy) == pytest.approx((CAMERA.cx, CAMERA.cy), abs=2)
    assert found.error_px < 0.2
    assert found.focal_error < 0.005
    assert found.bend_px < 2


def test_another_camera_and_another_board() -> None:
    camera, board = Camera(1100.0, 1100.0, 639.5, 359.5, 1280, 720), Board(7, 5, 0.03)
    found = fed(board, board_views(board, camera, 10)).solve()
    assert found.camera.fx == pytest.approx(camera.fx, rel=0.005)


def test_a_view_is_kept_once(views: list[np.ndarray]) -> None:
    calibrator = Calibrator(BOARD)
    upside_down = np.ascontiguousarray(views[0][::-1, ::-1])
    assert [calibrator.add(p) for p in (views[0], views[0], upside_down)] == ["kept", "known view", "kept"]


@pytest.mark.parametrize(
    ("board", "spoil", "said"),
    [
        (Board(10, 7), lambda v: v[:4], "one of 9x6: give --board 9x6"),
        (BOARD, lambda v: [cv2.GaussianBlur(p, (0, 0), 3) for p in v], "blurred in"),
        (BOARD, lambda v: v[:4], "only 4 different views of the board, 8 are needed"),
        (BOARD, lambda v: [v[0]] * 8, "only 1 different views"),
        (BOARD, lambda v: [np.full_like(v[0], 128)] * 4, "no board of 9x6 inner corners in any of 4"),
        (BOARD, lambda v: [], "in any of 0 pictures"),
        (BOARD, lambda v: board_views(BOARD, CAMERA, 14, tilt=0.0), "seen from one side"),
    ],
)
def test_boards_that_do_not_do_say_why(board: Board, spoil, said: str, views: list[np.ndarray]) -> None:
    with pytest.raises(CalibrationError, match=said):
        fed(board, spoil(views)).solve()


def test_a_bent_board_is_refused(views: list[np.ndarray]) -> None:
    rng, calibrator = np.random.default_rng(1), fed(BOARD, views)
    calibrator.views = [v + rng.normal(0, 4, v.shape).astype(np.float32) for v in calibrator.views]
    with pytest.raises(CalibrationError, match="do not agree"):
        calibrator.solve()


def test_pictures_of_two_sizes_are_refused(views: list[np.ndarray]) -> None:
    with pytest.raises(CalibrationError, match="must have one size"):
        fed(BOARD, [views[0], views[0][:400]])


@pytest.mark.parametrize("board", [(2, 6, 0.02), (9, 31, 0.02), (9, 6, 0.0), (9, 6, 2.0)])
def test_absurd_boards_are_refused(board: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Board(*board)
