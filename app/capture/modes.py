"""What a camera is asked for: a size, a rate, and whether its pictures come compressed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MOST_PX, _MOST_FPS = 16_384, 1000.0
_ENOUGH = 0.95  # of the rate asked for: 29.97 is as good as 30
_SLOWNESS = 3.0  # so many times a lack of rate counts as much as one of size


@dataclass(frozen=True, order=True)
class CameraMode:
    """A size and a rate. Raises ValueError for what no camera can give."""

    width: int
    height: int
    fps: float
    compressed: bool = False  # Motion JPEG: what USB has room for beyond VGA

    def __post_init__(self) -> None:
        if not (1 <= self.width <= _MOST_PX and 1 <= self.height <= _MOST_PX and 0 < self.fps <= _MOST_FPS):
            raise ValueError(f"camera mode: {self.width}×{self.height} at {self.fps:g} can't be a camera's")

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.width, self.height

    @property
    def title(self) -> str:
        """For people: 1280×720 · 30 fps."""
        return f"{self.width}×{self.height} · {self.fps:.3g} fps"

    def text(self) -> str:
        """For settings files: 1280x720@30, as `parse_mode` takes it."""
        return f"{self.width}x{self.height}@{self.fps:g}"


USUAL = CameraMode(1280, 720, 30.0, compressed=True)
"""What is asked for where nobody has chosen: today's webcams give it, compressed."""
LAST_RESORT = CameraMode(640, 480, 30.0)
TRIED = tuple(
    CameraMode(width, height, 30.0, compressed=True)
    for width, height in ((640, 480), (800, 600), (1280, 720), (1920, 1080))
)
"""Offered where a camera's own list can't be had: each is tried when it is chosen."""


def parse_size(text: str) -> tuple[int, int]:
    """Width and height from 1280x720. Raises ValueError."""
    match = re.fullmatch(r"\s*(\d{1,5})\s*[x×*]\s*(\d{1,5})\s*", text.lower())
    if match is None:
        raise ValueError(f"expected a size as 1280x720, got {text!r}")
    width, height = int(match[1]), int(match[2])
    CameraMode(width, height, 30.0)
    return width, height


def parse_mode(text: str) -> CameraMode:
    """A mode from `CameraMode.text`. Raises ValueError."""
    size, _, fps = text.partition("@")
    return CameraMode(*parse_size(size), float(fps or USUAL.fps), compressed=True)


def offered(modes: Iterable[CameraMode]) -> tuple[CameraMode, ...]:
    """Each size and rate once, compressed where it comes so; the largest first."""
    best: dict[tuple[int, int, float], CameraMode] = {}
    for mode in modes:
        key = mode.width, mode.height, round(mode.fps, 1)
        if key not in best or mode.compressed:
            best[key] = mode
    return tuple(sorted(best.values(), key=lambda m: (-m.width * m.height, -m.width, -m.fps)))


def nearest(modes: Sequence[CameraMode], wish: CameraMode) -> CameraMode | None:
    """Of a camera's modes, the one most like a wish; None where there are none.

    A size at less than the rate loses against a smaller one at the whole rate: a picture that lags is of less
    use than a coarse one. At one size and rate compressed goes first.
    """

    def off(mode: CameraMode) -> tuple[float, float, bool]:
        larger, smaller = (
            (max(a, b) - b) / b for a, b in ((mode.width, wish.width), (wish.width, mode.width))
        )
        higher = abs(mode.height - wish.height) / wish.height
        short = max(0.0, 1 - mode.fps / wish.fps) if mode.fps < _ENOUGH * wish.fps else 0.0
        return larger + smaller + higher + _SLOWNESS * short, abs(mode.fps - wish.fps), not mode.compressed

    return min(modes, key=off, default=None)


def attempts(modes: Sequence[CameraMode], wish: CameraMode | None) -> list[CameraMode]:
    """What to ask a camera for, one after the other until pictures come.

    modes: the camera's own list; empty where it can't be had. wish: None for the usual.
    """
    if wish is not None:  # a size that somebody has chosen is kept, at whatever rate it comes
        modes = [mode for mode in modes if mode.size_wh == wish.size_wh] or modes
    wish = wish or USUAL
    first = nearest(modes, wish) or CameraMode(*wish.size_wh, wish.fps, compressed=True)
    plain = CameraMode(*first.size_wh, first.fps)
    return list(dict.fromkeys([first, plain, LAST_RESORT]))
