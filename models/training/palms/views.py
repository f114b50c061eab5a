"""Pictures as the palm network is shown them, of hands with known joints, in every size, cut, turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.inference.palm_runtime import INPUT_SIZE
from models.training.palms.squares import Square, square_of
from models.training.real.photo import PhotoAugmenter
from models.training.scores.disturb import lit
from models.types import Float32, Float64

Image = NDArray[np.uint8]
_ASPECTS = (4 / 3, 16 / 9, 1.0, 3 / 4, 9 / 16)
_SCALES, _SCALE_CHANCES = (1.0, 0.7, 0.5), (0.7, 0.22, 0.08)  # of the frame in the network's picture
_FILLS = (0.2, 1.5)  # the hand's joints over the frame's shorter side
_LARGE = 0.55  # chance of a fill from the larger half
_LEAST_JOINTS = 0.5  # of a hand's joints lie in the frame
_UPRIGHT, _ROLL_RAD = 0.6, 0.6  # chance, and standard deviation of the roll then
_ALONE, _REPLICATED, _CUT_OUT = (
    0.3,
    0.35,
    0.25,
)  # what is around a hand's picture: nothing, its edge, no picture
_PHOTO, _LIT = 0.5, 0.15  # chances


@dataclass(frozen=True, eq=False)
class KnownHand:
    """A picture of one hand."""

    image: Image  # (H, W, 3) RGB
    joints_px: Float32  # (21, 2)
    mask: NDArray[np.uint8] | None = None  # (H, W) 255 where the hand is, if known


@dataclass(frozen=True, eq=False)
class View:
    """One picture for the palm network and the hands in it."""

    image: Image  # (INPUT_SIZE, INPUT_SIZE, 3) RGB; black outside the frame
    hands: tuple[Square, ...]


class Composer:
    """Lays hands into pictures. What it does depends on the generator it is given."""

    def __init__(self) -> None:
        self._photo = PhotoAugmenter()

    def __call__(
        self, hands: list[KnownHand], ground: Image, other: Callable[[], Image], rng: np.random.Generator
    ) -> View:
        """hands: none, one, or a second one, which needs a mask. ground: (INPUT_SIZE, INPUT_SIZE, 3)."""
        frame = _frame(rng)
        image, squares = ground, []
        for k, hand in enumerate(hands):
            M = _placed(hand.joints_px, frame, rng)
            cut_out = hand.mask is not None and (k > 0 or rng.random() < _CUT_OUT)
            if not cut_out and k == 0 and rng.random() < _ALONE:
                frame = _within(frame, hand.image, M)
            image = _laid(image, hand, M, cut_out, rng)
            joints = hand.joints_px @ M[:, :2].T + M[:, 2]
            squares.append(square_of(joints.astype(np.float32)))
        if rng.random() < _PHOTO:
            image = self._photo(image, other, rng)
        if rng.random() < _LIT:
            image = lit(image, rng)
        return View(_framed(image, frame), tuple(squares))


def _frame(rng: np.random.Generator) -> Float64:
    """(4,) left, top, right, bottom of a frame in the network's picture."""
    aspect = _ASPECTS[int(rng.integers(len(_ASPECTS)))]
    scale = float(rng.choice(_SCALES, p=_SCALE_CHANCES))
    size = INPUT_SIZE * scale * np.array([min(aspect, 1.0), min(1 / aspect, 1.0)])
    low = (INPUT_SIZE - size) / 2
    return np.concatenate([low, low + size])


def _placed(joints_px: Float32, frame: Float64, rng: np.random.Generator) -> Float64:
    """(2, 3) that puts a hand somewhere in the frame, at some size, turned, perhaps mirrored."""
    size = frame[2:] - frame[:2]
    small, middle, large = _FILLS[0], 0.6, _FILLS[1]
    ends = (middle, large) if rng.random() < _LARGE else (small, middle)
    fill = float(np.exp(rng.uniform(np.log(ends[0]), np.log(ends[1]))))
    joints = joints_px.astype(np.float64)
    low, high = joints.min(0), joints.max(0)
    scale = fill * float(size.min()) / max(float((high - low).max()), 1.0)
    angle = rng.normal(0, _ROLL_RAD) if rng.random() < _UPRIGHT else rng.uniform(-np.pi, np.pi)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    A = np.array([[cos, -sin], [sin, cos]])
    if rng.random() < 0.5:
        A = A @ np.diag([-1.0, 1.0])
    spread = (0.5 - 0.25 * min(fill, 1.0)) * size
    shown = (joints - (low + high) / 2) @ A.T
    for _ in range(8):
        middle_px = (frame[:2] + frame[2:]) / 2 + rng.uniform(-1, 1, 2) * spread
        inside = ((shown + middle_px > frame[:2]) & (shown + middle_px < frame[2:])).all(1).mean()
        if inside >= _LEAST_JOINTS:
            break
    else:
        middle_px = (frame[:2] + frame[2:]) / 2
    return np.concatenate([A, (middle_px - A @ ((low + high) / 2))[:, None]], 1)


def _within(frame: Float64, image: Image, M: Float64) -> Float64:
    """The part of a frame that a picture covers, for pictures laid in upright; of others some part."""
    h, w = image.shape[:2]
    corners = np.array([[0, 0], [w, 0], [0, h], [w, h]]) @ M[:, :2].T + M[:, 2]
    low, high = np.maximum(frame[:2], corners.min(0)), np.minimum(frame[2:], corners.max(0))
    return np.concatenate([low, high]) if (high - low).min() > 0.25 * INPUT_SIZE else frame


def _laid(under: Image, hand: KnownHand, M: Float64, cut_out: bool, rng: np.random.Generator) -> Image:
    """A hand's picture over another."""
    if cut_out:
        assert hand.mask is not None
        alpha = _shown(hand.mask, M, cv2.BORDER_CONSTANT)
    elif rng.random() < _REPLICATED:
        return _shown(hand.image, M, cv2.BORDER_REPLICATE)
    else:
        alpha = _shown(np.full(hand.image.shape[:2], 255, np.uint8), M, cv2.BORDER_CONSTANT)
    weight = (alpha / np.float32(255))[..., None]
    over = _shown(hand.image, M, cv2.BORDER_REPLICATE)
    return np.asarray(under * (1 - weight) + over * weight, np.uint8)


def _shown(image: Image, M: Float64, border: int) -> Image:
    """A picture through a (2, 3) matrix, averaged down where it is much finer."""
    M = M.copy()
    while np.hypot(M[0, 0], M[1, 0]) < 0.5 and min(image.shape[:2]) >= 4:
        h, w = image.shape[:2]
        image = np.asarray(
            cv2.resize(image[: h // 2 * 2, : w // 2 * 2], (w // 2, h // 2), interpolation=cv2.INTER_AREA),
            np.uint8,
        )
        M[:, 2] += M[:, :2].sum(1) / 2
        M[:, :2] *= 2
    size = (INPUT_SIZE, INPUT_SIZE)
    return np.asarray(cv2.warpAffine(image, M, size, flags=cv2.INTER_LINEAR, borderMode=border), np.uint8)


def _framed(image: Image, frame: Float64) -> Image:
    framed = np.zeros_like(image)
    x0, y0, x1, y1 = np.round(frame).astype(int)
    framed[y0:y1, x0:x1] = image[y0:y1, x0:x1]
    return framed
