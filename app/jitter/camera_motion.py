"""Whether the camera stood still, told by corners of the background followed through the frames."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.evaluation.jitter import WINDOW, high_pass, moving_mean

_WORK_WIDTH = 640  # wider frames are followed at this size
_CORNERS = 160
_FEWEST = 12  # with fewer, a frame tells nothing
_AROUND = 0.35  # how much wider than its joints a hand and its outline may be, in hand boxes
_THERE_AND_BACK_PX = 0.5  # a corner that is not found again from where it went is no corner


@dataclass(frozen=True)
class CameraMotion:
    """How the background moved in the picture. In pixels of the frames."""

    known: bool  # whether there was enough to follow, in half of the frames or more
    corners: int  # that were followed, in the middle of all frames
    drift_px: float  # furthest from where it began, its moving mean
    jitter_px: float  # root mean square of what is quicker


class BackgroundWatch:
    """Follows the background from the first frame on. All frames have one size."""

    def __init__(self) -> None:
        self._first: NDArray[np.uint8] | None = None
        self._scale = 1.0
        self._start = np.zeros((0, 2), np.float32)  # corners in the first frame
        self._now = self._start  # where they were last found
        self._known = np.zeros(0, bool)
        self._paths: list[NDArray[np.float32]] = []
        self._hand = np.zeros((0, 4))

    def add(self, frame_rgb: NDArray[np.uint8], joints_px: ArrayLike | None) -> None:
        """The next frame (H, W, 3), and the hand's (21, 2) joints in it where one is found."""
        grey = self._reduced(frame_rgb)
        if joints_px is not None:
            joints = np.asarray(joints_px, np.float64) * self._scale
            low, high = joints.min(0), joints.max(0)
            margin = _AROUND * float((high - low).max())
            self._hand = np.vstack([self._hand, [*(low - margin), *(high + margin)]])
        if self._first is None:
            self._first = grey
            found = cv2.goodFeaturesToTrack(grey, _CORNERS, 0.01, 9, mask=self._background(grey.shape))
            if found is not None:
                self._start = found.reshape(-1, 2).astype(np.float32)
            self._now, self._known = self._start, np.ones(len(self._start), bool)
        elif len(self._start):
            self._follow(self._first, grey)
        self._paths.append(np.where(self._known[:, None], self._now, np.nan).astype(np.float32))

    def motion(self) -> CameraMotion:
        """What it was, over all frames so far. A corner that a hand ever covered does not count."""
        paths = np.array(self._paths, np.float64)
        if paths.size == 0:
            return CameraMotion(False, 0, 0.0, 0.0)
        x, y = self._start.T
        covered = np.zeros(len(self._start), bool)
        for x0, y0, x1, y1 in self._hand:
            covered |= (x > x0) & (x < x1) & (y > y0) & (y < y1)
        moves = paths[:, ~covered] - self._start[~covered]
        corners = np.isfinite(moves).all(2).sum(1)
        told = moves[corners >= _FEWEST]
        if len(told) < max(WINDOW, len(paths) / 2):
            return CameraMotion(False, int(np.median(corners)), 0.0, 0.0)
        path = np.nanmedian(told, axis=1) / self._scale
        drift = np.linalg.norm(moving_mean(path), axis=1).max()
        jitter = np.sqrt((high_pass(path) ** 2).sum(1).mean())
        return CameraMotion(True, int(np.median(corners)), float(drift), float(jitter))

    def _reduced(self, frame_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = frame_rgb.shape[:2]
        self._scale = min(1.0, _WORK_WIDTH / width)
        grey = cv2.cvtColor(frame_rgb, cv2.COLOR_RGB2GRAY)
        if self._scale < 1:
            size = (_WORK_WIDTH, max(1, round(height * self._scale)))
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        return np.asarray(grey, np.uint8)

    def _background(self, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        mask = np.full(shape, 255, np.uint8)
        for x0, y0, x1, y1 in self._hand:
            low, high = np.clip([[x0, y0], [x1, y1]], 0, [shape[1], shape[0]]).astype(int)
            mask[low[1] : high[1], low[0] : high[0]] = 0
        return mask

    def _follow(self, first: NDArray[np.uint8], grey: NDArray[np.uint8]) -> None:
        """From the first frame straight to this one, so that errors don't add up."""
        guess = self._now.copy()
        flags = cv2.OPTFLOW_USE_INITIAL_FLOW
        there, found, _ = cv2.calcOpticalFlowPyrLK(first, grey, self._start, guess, flags=flags)
        back, found_back, _ = cv2.calcOpticalFlowPyrLK(grey, first, there, self._start.copy(), flags=flags)
        good = (found.ravel() > 0) & (found_back.ravel() > 0)
        good &= np.linalg.norm(back - self._start, axis=1) < _THERE_AND_BACK_PX
        self._known &= good
        self._now = np.where(good[:, None], there, self._now).astype(np.float32)
