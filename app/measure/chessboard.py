"""A camera's intrinsics from views of a chessboard (Zhang, "A flexible new technique", 2000; OpenCV's)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from models.types import Camera

FEWEST_VIEWS = 8
ENOUGH_VIEWS = 20
MOST_VIEWS = 40

_BLURRED_PX = 4.0  # rise of the edges between squares; OpenCV's advice is 3
_NEW_VIEW = 0.03  # corners at least so far from every kept view's, over the picture's diagonal
_WORST_ERROR = 2e-3  # reprojection, over the picture's diagonal; a good board is ten times better
_WORST_FOCAL = 0.03  # deviation of the focal length that the views leave, over it
_OTHERS = ((9, 6), (8, 6), (7, 6), (8, 5), (7, 5), (7, 7), (6, 4), (10, 7), (11, 8), (5, 4), (6, 5))
_LEAST_TILT_DEG = 15.0  # between two of the views; from the front alone, near and large are one
_FLAGS = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_ACCURACY

Outcome = Literal["kept", "no board", "blurred", "known view"]


class CalibrationError(ValueError):
    """The views do not give a camera: one clear line that says why and what to do."""


@dataclass(frozen=True)
class Board:
    """A chessboard by its inner corners, where four squares meet."""

    columns: int
    rows: int
    square_m: float = 0.025

    def __post_init__(self) -> None:
        if not (3 <= self.columns <= 30 and 3 <= self.rows <= 30):
            raise ValueError(f"board: expected 3 to 30 inner corners a side, got {self}")
        if not 1e-3 <= self.square_m <= 1:
            raise ValueError(f"board: expected squares of 1 mm to 1 m, got {1e3 * self.square_m:g} mm")

    def __str__(self) -> str:
        return f"{self.columns}x{self.rows}"

    @property
    def points_m(self) -> NDArray[np.float32]:
        """(N, 3) the corners on the board, row by row, z = 0."""
        grid = np.zeros((self.rows * self.columns, 3), np.float32)
        grid[:, :2] = np.mgrid[: self.columns, : self.rows].T.reshape(-1, 2) * self.square_m
        return grid


@dataclass(frozen=True)
class Calibration:
    """What the views say of a camera."""

    camera: Camera  # for pictures of its size
    distortion: tuple[float, float]  # k1, k2 of OpenCV's model
    error_px: float  # root mean square reprojection error
    focal_error: float  # one deviation of the focal length, over it
    views: int
    board: Board

    @property
    def bend_px(self) -> float:
        """How far the lens moves the picture's corners from where a pinhole projects them, pixels."""
        c = self.camera
        corners = np.array([[0, 0], [c.width - 1, 0], [0, c.height - 1], [c.width - 1, c.height - 1]])
        xy = (corners - [c.cx, c.cy]) / [c.fx, c.fy]
        r2 = (xy**2).sum(1, keepdims=True)
        k1, k2 = self.distortion
        return float(np.linalg.norm(xy * (k1 * r2 + k2 * r2**2) * [c.fx, c.fy], axis=1).max())


@dataclass
class Calibrator:
    """Collects views of one board, all of one camera, and solves for it."""

    board: Board
    size_wh: tuple[int, int] = (0, 0)  # of the first picture; the others must have it
    views: list[NDArray[np.float32]] = field(default_factory=list)  # (N, 2) corners each, pixels
    outcomes: dict[Outcome, int] = field(default_factory=dict)
    _sample: NDArray[np.uint8] | None = None  # a picture without the board, to look for others in

    def add(self, image_rgb: NDArray[np.uint8]) -> Outcome:
        """Look for the board in a picture (H, W, 3). Raises CalibrationError for one of another size."""
        size_wh = (image_rgb.shape[1], image_rgb.shape[0])
        if self.size_wh == (0, 0):
            self.size_wh = size_wh
        if size_wh != self.size_wh:
            raise CalibrationError(
                f"pictures of {_size(size_wh)} among others of {_size(self.size_wh)}; all must have one size"
            )
        outcome = self._look(np.asarray(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY), np.uint8))
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        return outcome

    def solve(self) -> Calibration:
        """The camera. Raises CalibrationError where the views don't suffice."""
        if len(self.views) < FEWEST_VIEWS:
            raise CalibrationError(self._too_few())
        count = len(self.views)
        flags = cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K3
        error_px, K, bend, rotations, _, deviations, _, _ = cv2.calibrateCameraExtended(
            [self.board.points_m] * count,
            self.views,
            self.size_wh,
            np.eye(3),
            np.zeros(5),
            flags=flags,
        )
        focal_error = float(deviations[:2].mean() / K[[0, 1], [0, 1]].mean())
        if not np.isfinite([error_px, focal_error, *K.ravel()]).all() or error_px > _WORST_ERROR * _diagonal(
            self.size_wh
        ):
            raise CalibrationError(
                f"the views do not agree (reprojection error {error_px:.1f} px); use a board that is flat "
                f"and stiff, and check that it has {self.board} inner corners"
            )
        normals = np.array([cv2.Rodrigues(rotation)[0][:, 2] for rotation in rotations])
        tilt_deg = float(np.degrees(np.arccos(np.clip(normals @ normals.T, -1, 1))).max())
        if tilt_deg < _LEAST_TILT_DEG:
            raise CalibrationError(
                "the board was always seen from one side; tilt it by 30 to 45 degrees, to all sides"
            )
        if focal_error > _WORST_FOCAL:
            raise CalibrationError(
                f"the views leave the focal length open (± {100 * focal_error:.0f} %); tilt the board more, "
                "to all sides, and come nearer"
            )
        camera = Camera(
            float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2]), self.size_wh[0], self.size_wh[1]
        )
        k1, k2 = (float(v) for v in np.ravel(bend)[:2])
        return Calibration(camera, (k1, k2), float(error_px), focal_error, count, self.board)

    def _look(self, grey: NDArray[np.uint8]) -> Outcome:
        size = (self.board.columns, self.board.rows)
        found, corners = cv2.findChessboardCornersSB(grey, size, flags=_FLAGS)
        if not found or corners is None:
            self._sample = grey
            return "no board"
        sharpness, _ = cv2.estimateChessboardSharpness(grey, size, corners)
        if float(np.ravel(sharpness)[0]) > _BLURRED_PX:
            return "blurred"
        view = _refined(grey, corners, self.board)
        distances = [np.linalg.norm(_either_way(view, kept) - kept, axis=1).mean() for kept in self.views]
        if len(self.views) >= MOST_VIEWS or min(distances, default=np.inf) < _NEW_VIEW * _diagonal(
            self.size_wh
        ):
            return "known view"
        self.views.append(view)
        return "kept"

    def _too_few(self) -> str:
        pictures, count = sum(self.outcomes.values()), len(self.views)
        blurred, missed = self.outcomes.get("blurred", 0), self.outcomes.get("no board", 0)
        if blurred > max(count, missed):
            return (
                f"the board is blurred in {blurred} of {pictures} pictures; hold it still, in more light, "
                "not too near"
            )
        other = self._other_board() if missed > pictures / 2 else ""
        if other:
            return f"no board of {self.board} inner corners, but one of {other}: give --board {other}"
        if missed == pictures:
            return (
                f"no board of {self.board} inner corners in any of {pictures} pictures; show all of it, with "
                "its white border, flat and well lit"
            )
        return (
            f"only {count} different views of the board, {FEWEST_VIEWS} are needed; show it tilted to all "
            "sides, near and far, in every part of the picture"
        )

    def _other_board(self) -> str:
        """The size of another board in the last picture that had not the right one; empty if none."""
        c, r = self.board.columns, self.board.rows
        near = [(c - 1, r - 1), (c + 1, r + 1), (c, r - 1), (c - 1, r), (c + 1, r), (c, r + 1)]
        for size in dict.fromkeys([*near, *_OTHERS]):
            if self._sample is not None and min(size) >= 3 and size not in ((c, r), (r, c)):
                found, _ = cv2.findChessboardCornersSB(self._sample, size, flags=_FLAGS)
                if found:
                    return f"{size[0]}x{size[1]}"
        return ""


def _refined(grey: NDArray[np.uint8], corners: np.ndarray, board: Board) -> NDArray[np.float32]:
    """(N, 2) corners at the saddle of the grey values, within a quarter of the smallest square."""
    grid = corners.reshape(board.rows, board.columns, 2)
    sides = [np.linalg.norm(np.diff(grid, axis=axis), axis=2).min() for axis in (0, 1)]
    reach = int(np.clip(min(sides) / 4, 2, 8))
    stop = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 30, 1e-3)
    refined = cv2.cornerSubPix(grey, corners.astype(np.float32), (reach, reach), (-1, -1), stop)
    return np.asarray(refined.reshape(-1, 2), np.float32)


def _either_way(view: NDArray[np.float32], kept: NDArray[np.float32]) -> NDArray[np.float32]:
    """The corners in their order or turned by 180 degrees, whichever is nearer: the board does not tell."""
    turned = view[::-1]
    return turned if np.linalg.norm(turned - kept) < np.linalg.norm(view - kept) else view


def _diagonal(size_wh: tuple[int, int]) -> float:
    return float(np.hypot(*size_wh))


def _size(size_wh: tuple[int, int]) -> str:
    return f"{size_wh[0]}×{size_wh[1]}"
