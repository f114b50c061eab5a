"""Views of a chessboard as a pinhole camera sees them, made on the spot."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.measure.chessboard import Board
from models.geometry import rotation_from_axis_angle
from models.types import Camera

_UNIT = 40  # texture pixels a square
_FINER = 3  # drawn this many times finer, then averaged down


def draw_board(
    board: Board, camera: Camera, axis_angle: tuple[float, float, float], place_m: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a board whose middle is at `place_m`, turned by `axis_angle`."""
    squares = np.indices((board.rows + 1, board.columns + 1)).sum(0) % 2
    texture = np.kron(np.where(squares, 245, 15).astype(np.uint8), np.ones((_UNIT, _UNIT), np.uint8))
    texture = cv2.copyMakeBorder(texture, _UNIT, _UNIT, _UNIT, _UNIT, cv2.BORDER_CONSTANT, value=245)
    height, width = texture.shape
    # Texture pixels to metres on the board, its middle at the origin; pixel centres are at integers.
    metres = board.square_m / _UNIT
    to_board = np.array(
        [[metres, 0, -metres * (width - 1) / 2], [0, metres, -metres * (height - 1) / 2], [0, 0, 1]]
    )
    R = rotation_from_axis_angle(axis_angle)
    fine = camera.scaled(camera.width * _FINER, camera.height * _FINER)
    H = fine.K @ np.column_stack([R[:, 0], R[:, 1], place_m]) @ to_board
    drawn = cv2.warpPerspective(
        texture,
        H,
        (fine.width, fine.height),
        flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=90,
    )
    small = cv2.resize(drawn, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return np.repeat(np.asarray(small, np.uint8)[..., None], 3, 2)


def board_views(board: Board, camera: Camera, count: int, tilt: float = 0.6) -> list[NDArray[np.uint8]]:
    """Views of all kinds; tilt: up to this many radians."""
    rng = np.random.default_rng(0)
    views = []
    for _ in range(count):
        z = rng.uniform(0.35, 0.6)
        reach = 0.18 * z * np.array([camera.width / camera.fx, camera.height / camera.fy])
        x, y = rng.uniform(-reach, reach)
        turn = (*rng.uniform(-tilt, tilt, 2), rng.uniform(-0.3, 0.3))
        views.append(draw_board(board, camera, turn, (float(x), float(y), float(z))))
    return views
