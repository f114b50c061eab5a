"""Hands that several calibrated cameras have measured, each seen by each camera by itself.

    FOLDER/cameras.json       by session: `size` [w, h], and `cameras`, a list of `K` (3, 3), `D` (OpenCV's
                              distortion), `R`, `t` (x_camera = R x + t, metres), and `turn`: quarter turns
                              clockwise by which the picture stands upright
    FOLDER/SESSION/cam_N.mp4  frame n is instant n
    FOLDER/reference.npz      a row for each hand and instant: `session`, `instant`, `side`, `joints_m`
                              (N, 21, 3) in the session's frame, NaN where unknown, `reprojection_px` (N, 21),
                              `views` (N, cameras) those that were used

Its scale was measured. Pictures are freed of the lens's distortion and stood upright.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.entry import DataSet
from models.datasets.real_crops import read_arrays
from models.datasets.samples import Sample, SampleSet, require
from models.datasets.video_file import frames_of

AGREE_PX, AGREE_BOX = 4.0, 0.035
"""A joint counts where the views agree on it within this many pixels, or this part of the hand's box."""
ENOUGH = 12  # joints that must count, or the hand is left out
_ADVICE = "give a folder with cameras.json, reference.npz and a folder of videos for each session"


@dataclass(frozen=True, eq=False)
class CalibratedView:
    """One camera of one session, its picture undistorted and upright."""

    clip: Path
    size: tuple[int, int]  # of the recorded frames
    K: NDArray[np.float64]  # as recorded
    D: NDArray[np.float64]
    R: NDArray[np.float64]  # session -> upright camera
    t: NDArray[np.float64]
    turn: int  # quarter turns clockwise
    name: str  # SESSION/cam_N

    @property
    def intrinsics(self) -> tuple[float, float, float, float]:
        """fx, fy, cx, cy of the upright picture."""
        fx, fy, cx, cy = self.K[0, 0], self.K[1, 1], self.K[0, 2], self.K[1, 2]
        w, h = self.size
        for _ in range(self.turn % 4):
            fx, fy, cx, cy, w, h = fy, fx, h - 1 - cy, cx, h, w
        return float(fx), float(fy), float(cx), float(cy)

    def upright(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        straight = np.asarray(cv2.undistort(frame, self.K, self.D), np.uint8)
        return np.ascontiguousarray(np.rot90(straight, -self.turn))


def multiview(folder: Path, every: int = 1) -> SampleSet:
    """Every hand that enough cameras agree on, in every one of their views. Raises ValueError in one line."""
    path = require(folder / "reference.npz", _ADVICE)
    names = ("session", "instant", "side", "joints_m", "reprojection_px", "views")
    session, instant, side, joints, off_px, views = read_arrays(path, names)
    n = len(session)
    if joints.shape != (n, 21, 3) or off_px.shape != (n, 21) or views.ndim != 2:
        raise ValueError(f"{path}: joints_m {joints.shape}, reprojection_px {off_px.shape}; {_ADVICE}")
    by_clip: dict[tuple[str, int], CalibratedView] = {}
    rows: list[tuple[tuple[str, int], int]] = []
    for name in sorted(set(session.tolist())):
        cameras = session_views(folder, name)
        for number, view in enumerate(cameras):
            by_clip[name, number] = view
            mine = np.flatnonzero((session == name) & views[:, number])
            for row in mine[np.argsort(instant[mine], kind="stable")]:
                if _sample(int(row), view, joints, off_px, None, "right", 0) is not None:
                    rows.append(((name, number), int(row)))
    rows = rows[::every]

    def between(start: int, stop: int) -> Iterator[Sample]:
        for key, view in by_clip.items():
            wanted = [row for clip, row in rows[start:stop] if clip == key]
            last = max((int(instant[row]) for row in wanted), default=-1)
            for k, frame in frames_of(view.clip) if wanted else ():
                if k > last:
                    break
                here = [row for row in wanted if instant[row] == k]
                picture = view.upright(frame) if here else None
                for row in here:
                    sample = _sample(row, view, joints, off_px, picture, str(side[row]), key[1])
                    assert sample is not None
                    yield sample

    return SampleSet("multiview", len(rows), lambda: between(0, len(rows)), between=between)


def _sample(
    row: int,
    view: CalibratedView,
    joints: np.ndarray,
    off_px: np.ndarray,
    picture: NDArray[np.uint8] | None,
    side: str,
    number: int,
) -> Sample | None:
    """A row in one view; None where too few of its joints are known."""
    known = np.isfinite(joints[row]).all(-1)
    if known.sum() < ENOUGH:
        return None
    truth = joints[row].astype(np.float64) @ view.R.T + view.t
    truth[~known] = truth[known].mean(0)
    fx, fy, cx, cy = view.intrinsics
    px = truth[:, :2] / truth[:, 2:] * [fx, fy] + [cx, cy]
    box = np.ptp(px[known], axis=0).max()
    counted = known & (np.nan_to_num(off_px[row], nan=np.inf) < max(AGREE_PX, AGREE_BOX * box))
    if counted.sum() < ENOUGH:
        return None
    image = np.zeros((1, 1, 3), np.uint8) if picture is None else picture
    return Sample(
        f"{row:04d}-{number}", image, "left" if side == "left" else "right", view.intrinsics,
        px.astype(np.float32), truth.astype(np.float32), joints_counted=counted, seen_by=view.name,
    )  # fmt: skip


def session_views(folder: Path, session: str) -> list[CalibratedView]:
    path = require(folder / "cameras.json", _ADVICE)
    try:
        about = json.loads(path.read_bytes())[session]
        size = tuple(int(x) for x in about["size"])
        found = []
        for number, camera in enumerate(about["cameras"]):
            K, D, R, t = (np.asarray(camera[key], np.float64) for key in ("K", "D", "R", "t"))
            if (K.shape, R.shape, t.size, len(size)) != ((3, 3), (3, 3), 3, 2):
                raise ValueError(f"camera {number} of {session}")
            turn = int(camera.get("turn", 0)) % 4
            clip = require(folder / session / f"cam_{number}.mp4", _ADVICE)
            upright = np.linalg.matrix_power(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), turn)
            found.append(
                CalibratedView(
                    clip,
                    (size[0], size[1]),
                    K,
                    D.ravel(),
                    upright @ R,
                    upright @ t.ravel(),
                    turn,
                    f"{session}/cam_{number}",
                )
            )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} can't be used ({error}); {_ADVICE}") from error
    return found


DATA_SET = DataSet("multiview", evaluation=multiview)
