"""One photograph of a hand in many conditions, one at a time: what of it makes hands be missed?"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.close_view import view_of
from models.datasets.samples import Box

Picture = NDArray[np.uint8]
Varied = tuple[Picture, Box]
Vary = Callable[[Picture, Box, Picture, np.random.Generator], Varied]
"""(picture (H, W, 3) RGB, box around its hand, a picture without hands) -> the picture changed, its box."""

_SIZE = (480, 480)
_USUAL = 0.55  # the hand's box over the picture
_FAR_SIZE = (1280, 720)


def _framed(fill: float = _USUAL, turn_deg: float = 0.0) -> Vary:
    def vary(picture: Picture, box: Box, ground: Picture, rng: np.random.Generator) -> Varied:
        return view_of(picture, box, _SIZE, fill, np.deg2rad(turn_deg), (0.5, 0.5))

    return vary


def _cut(picture: Picture, box: Box, ground: Picture, rng: np.random.Generator) -> Varied:
    """The picture's edge cuts off a third of the hand's box, at one of its sides."""
    beyond = 0.5 - _USUAL / 2 + _USUAL / 3
    at = np.array([0.5, 0.5])
    at[int(rng.integers(2))] += beyond * (1 if rng.random() < 0.5 else -1)
    return view_of(picture, box, _SIZE, _USUAL, 0.0, (float(at[0]), float(at[1])))


def _far(share: float) -> Vary:
    """A hand so small in a wide frame, before another picture: its box over the frame's height."""

    def vary(picture: Picture, box: Box, ground: Picture, rng: np.random.Generator) -> Varied:
        width, height = _FAR_SIZE
        scale = share * height / max(box[2:])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        h, w = small.shape[:2]
        x, y = int(rng.uniform(0.05, 0.95) * (width - w)), int(rng.uniform(0.2, 0.8) * (height - h))
        frame = np.asarray(cv2.resize(ground, _FAR_SIZE, interpolation=cv2.INTER_AREA), np.uint8)
        frame[y : y + h, x : x + w] = small
        left, top, across, along = (scale * side for side in box)
        return frame, (x + left, y + top, across, along)

    return vary


def _toned(change: Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]) -> Vary:
    """The usual framing with other colours: change takes and gives (H, W, 3), 0..1."""

    def vary(picture: Picture, box: Box, ground: Picture, rng: np.random.Generator) -> Varied:
        seen, its_box = _framed()(picture, box, ground, rng)
        changed = change((seen / np.float32(255)).astype(np.float32), rng)
        return np.clip(255 * changed, 0, 255).astype(np.uint8), its_box

    return vary


def _dimmed(level: float, noise: float) -> Vary:
    return _toned(lambda x, rng: level * x**1.2 + rng.normal(0, noise, x.shape).astype(np.float32))


def _smeared(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    kernel = np.zeros((25, 25), np.float32)
    angle = rng.uniform(0, np.pi)
    ends = [np.round(12 + s * 12 * np.array([np.cos(angle), np.sin(angle)])).astype(int) for s in (-1, 1)]
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0)
    return np.asarray(cv2.filter2D(x, -1, kernel / kernel.sum()), np.float32)


def _soft(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(x, (0, 0), 6.0), np.float32)


def _grey(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    grey = np.asarray(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), np.float32)
    return np.repeat(grey[..., None], 3, axis=2)


def _tinted(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Coloured light: of a screen, of a sunset."""
    warm = rng.random() < 0.5
    return x * np.array([1.1, 0.75, 0.4] if warm else [0.5, 0.75, 1.15], np.float32)


KINDS: dict[str, Vary] = {
    "as usual": _framed(),
    "fills 60 %": _framed(0.6),
    "fills 80 %": _framed(0.8),
    "fills 100 %": _framed(1.0),
    "fills 130 %": _framed(1.3),
    "turned by 90 °": _framed(turn_deg=90),
    "turned by 180 °": _framed(turn_deg=180),
    "turned by 270 °": _framed(turn_deg=270),
    "a third cut off": _cut,
    "dark": _dimmed(0.25, 0.01),
    "very dark, noise": _dimmed(0.1, 0.02),
    "overexposed": _toned(lambda x, rng: 1.9 * x + 0.1),
    "flat light": _toned(lambda x, rng: 0.5 + 0.3 * (x - 0.5)),
    "coloured light": _toned(_tinted),
    "grey": _toned(_grey),
    "out of focus": _toned(_soft),
    "smeared": _toned(_smeared),
    "far: 20 % of the height": _far(0.2),
    "far: 12 % of the height": _far(0.12),
    "far: 8 % of the height": _far(0.08),
}
