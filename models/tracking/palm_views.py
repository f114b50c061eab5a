"""The square pictures of a frame in which palms are looked for, and what a palm found there is in the frame.

The palm network knows palms of a certain size, upright more or less, in a picture of 192 pixels. A frame is
shown to it several times: whole; shrunk, so that a hand that fills the frame becomes one of that size; its
two ends enlarged, and windows, for far hands. Turned, it shows training what else is taken for palms.
Frames are averaged down, not sampled: sampled at every fourth pixel, fingers become noise, and a quarter of
the hands is missed that are found so (MediaPipe's own graph samples bilinearly: of 1,564 photographs of one
hand it found 75 %, averaged down 89 %).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.inference.palm_runtime import INPUT_SIZE, Palms
from models.inference.proposals import Proposals
from models.types import Float64

_CROP_SIZE, _CROP_SHIFT = 2.6, 0.5
"""The first crop around a palm, in palm boxes: how wide, and how far it moves towards the fingers."""
_SQUARE = 1.15  # frames less oblong than this have no ends worth a look of their own


@dataclass(frozen=True)
class View:
    """One way to show a frame to the palm network."""

    scale: float = 1.0  # the longer side (of an end: the shorter) fills this fraction of the picture
    turn_rad: float = 0.0  # the frame is turned clockwise about its middle
    end: int = 0  # -1, 1: the square at the left or upper, right or lower end; 0: the whole frame
    window: tuple[float, float] | None = None  # the middle, 0..1, of a square of WINDOW shorter sides


WHOLE, SHRUNK = View(), View(scale=0.7)
FIRST_END, LAST_END = View(end=-1), View(end=1)
WINDOW = 0.55
_LEAST_WINDOW_PX = 64  # a smaller one shows no hand that other views don't: it would only be enlarged
TURNED = tuple(View(scale=0.85, turn_rad=np.pi / 2 * quarter) for quarter in (1, 3, 2))


@dataclass(frozen=True)
class Palm:
    """A palm in the frame, pixels."""

    centre_px: Float64  # (2,) of its box
    size_px: float  # the longer side of its box
    roll_rad: float  # from fingers up, clockwise
    score: float  # the palm network's, 0..1

    @classmethod
    def of_crop(cls, centre_px: Float64, size_px: float, roll_rad: float, score: float) -> Palm:
        """The palm whose first crop has this centre (2,) and side."""
        size = size_px / _CROP_SIZE
        return cls(centre_px - _CROP_SHIFT * size * _up(roll_rad), size, roll_rad, score)

    @property
    def crop_centre_px(self) -> Float64:
        """(2,) the middle of the first crop, which holds the whole hand."""
        return self.centre_px + _CROP_SHIFT * self.size_px * _up(self.roll_rad)

    @property
    def crop_size_px(self) -> float:
        """Side of the first crop."""
        return _CROP_SIZE * self.size_px


def _up(roll_rad: float) -> Float64:
    return np.array([np.sin(roll_rad), -np.cos(roll_rad)])


class Halvings:
    """A frame and its halves, quarters …, each made once, by averaging."""

    def __init__(self, frame_rgb: NDArray[np.uint8]) -> None:
        self._levels = [frame_rgb]

    def level(self, scale: float) -> tuple[NDArray[np.uint8], int]:
        """The coarsest picture at least as fine as the frame times `scale`, and how often it was halved."""
        while len(self._levels) <= _halvings(scale):
            picture = self._levels[-1]
            height, width = picture.shape[:2]
            if min(height, width) < 2:
                break
            even = picture[: height // 2 * 2, : width // 2 * 2]  # exact halves are several times faster
            half = cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(half, np.uint8))
        k = min(_halvings(scale), len(self._levels) - 1)
        return self._levels[k], k


def shows_ends(width: int, height: int) -> bool:
    """Whether a frame is so oblong that its ends are worth views of their own."""
    return max(width, height) > _SQUARE * min(width, height)


def windows(width: int, height: int) -> list[View]:
    """The windows that cover a frame, those in its middle first; none of a small frame, or a thin one."""
    if WINDOW * min(width, height) < _LEAST_WINDOW_PX:
        return []
    steps = [
        [round(k / max(n - 1, 1), 3) for k in range(n)]
        for n in (max(round(side / min(width, height) / WINDOW + 0.3), 2) for side in (width, height))
    ]
    every = [View(window=(x, y)) for y in steps[1] for x in steps[0]]
    return sorted(every, key=lambda v: float(np.hypot(*(np.array(v.window) - 0.5))))


def view_matrix(width: int, height: int, view: View) -> Float64:
    """(2, 3) frame pixels -> pixels of the network's picture."""
    long, short = max(width, height), min(width, height)
    scale = INPUT_SIZE * view.scale / (short if view.end else WINDOW * short if view.window else long)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    if view.window:
        half = WINDOW * short / 2
        low, high = np.full(2, half), np.array([width, height]) - half
        middle = low + np.array(view.window) * (high - low) - 0.5
    middle[int(height > width)] += view.end * (long - short) / 2
    cos, sin = np.cos(view.turn_rad) * scale, np.sin(view.turn_rad) * scale
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.concatenate([turn, ((INPUT_SIZE - 1) / 2 - turn @ middle)[:, None]], 1)


def draw_view(frame: Halvings, matrix: Float64) -> NDArray[np.uint8]:
    """(192, 192, 3) the frame through a (2, 3) matrix; black beyond its edges."""
    picture, halvings = frame.level(float(np.hypot(matrix[0, 0], matrix[1, 0])))
    unit = 2**halvings
    # Pixel centres are at integers: pixel k of the coarser picture lies at unit k + (unit - 1) / 2.
    coarse = np.concatenate(
        [unit * matrix[:, :2], matrix[:, 2:] + (unit - 1) / 2 * matrix[:, :2].sum(1, keepdims=True)], 1
    )
    size = (INPUT_SIZE, INPUT_SIZE)
    return np.asarray(cv2.warpAffine(picture, coarse, size, flags=cv2.INTER_LINEAR), np.uint8)


def in_frame(palms: Palms, matrix: Float64) -> list[Palm]:
    """Palms of a view's picture, in the frame."""
    back = np.linalg.inv(matrix[:, :2])
    shrink = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    found = []
    for centre, size, points, score in zip(
        palms.centres, palms.sizes, palms.keypoints, palms.scores, strict=True
    ):
        at = (
            np.stack([centre, points[0], points[2]]).astype(np.float64) * INPUT_SIZE - 0.5 - matrix[:, 2]
        ) @ back.T
        x, y = at[2] - at[1]  # wrist -> middle knuckle
        longer = float(size.max()) * INPUT_SIZE / shrink
        if np.isfinite(at).all() and np.isfinite(longer) and longer > 1:
            found.append(Palm(at[0], longer, float(np.arctan2(x, -y)), float(score)))
    return found


def hands_in_frame(hands: Proposals, matrix: Float64) -> list[Palm]:
    """Hands proposed in a view's picture, as palms of the frame whose first crops are those squares."""
    back = np.linalg.inv(matrix[:, :2])
    shrink = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    found = []
    for centre, side, up, score in zip(hands.centres, hands.sides, hands.ups, hands.scores, strict=True):
        at = (centre.astype(np.float64) * INPUT_SIZE - 0.5 - matrix[:, 2]) @ back.T
        x, y = up.astype(np.float64) @ back.T
        found.append(
            Palm.of_crop(at, float(side) * INPUT_SIZE / shrink, float(np.arctan2(x, -y)), float(score))
        )
    return found


def distinct(palms: list[Palm]) -> list[Palm]:
    """Each palm once, the surest first: several views see the same one."""
    kept: list[Palm] = []
    for palm in sorted(palms, key=lambda p: -p.score):
        if not any(_same(palm, other) for other in kept):
            kept.append(palm)
    return kept


def _same(a: Palm, b: Palm) -> bool:
    small, large = sorted((a.size_px, b.size_px))
    near = float(np.linalg.norm(a.centre_px - b.centre_px)) < 0.5 * large
    turn = abs((a.roll_rad - b.roll_rad + np.pi) % (2 * np.pi) - np.pi)
    return near and small > 0.5 * large and turn < 1.0


def _halvings(scale: float) -> int:
    """How often a picture may be halved that is to be shown at `scale`."""
    return max(int(np.floor(np.log2(1 / max(scale, 1e-6)))), 0)
