"""Cut pictures without hands from the videos of people whose hands are known: faces, arms, clothes, rooms.

    python -m tools.build.handless_crops --multiview DIR --out DIR [--each 2] [--seed 0]
    python main.py evaluate --data found:none:DIR

Squares of many sizes, anywhere in the picture but clear of both hands, from the instants at which both hands
of the person are known.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.real_crops import read_arrays
from models.datasets.sets.multiview import CalibratedView, session_views
from models.datasets.video_file import frames_of
from models.types import Float64
from tools.command import command

_CLEAR = 0.4  # of a hand's box: its joints don't reach the fingertips' skin, and are a little off
_SIZES = (0.15, 0.7)  # of the picture's shorter side
_TRIES = 20


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--multiview", type=Path, required=True, help="videos and measured hands")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--each", type=int, default=2, help="of each picture (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    number = 0
    for picture, hands_px in _frames(options.multiview):
        for square in _squares(picture, hands_px, options.each, rng):
            cv2.imwrite(str(options.out / f"{number:05d}.png"), square[..., ::-1])
            number += 1
    print(f"{options.out}: {number} pictures")


def _frames(folder: Path) -> Iterator[tuple[NDArray[np.uint8], list[Float64]]]:
    """Upright pictures and the joints (21, 2) of both hands in them, pixels."""
    names = ("session", "instant", "joints_m")
    session, instant, joints = read_arrays(folder / "reference.npz", names)
    whole = np.isfinite(joints).all((1, 2))
    for name in sorted(set(session.tolist())):
        rows = {
            int(k): np.flatnonzero((session == name) & (instant == k) & whole)
            for k in np.unique(instant[session == name])
        }
        for view in session_views(folder, name):
            for k, frame in frames_of(view.clip):
                if len(rows.get(k, ())) == 2:
                    yield view.upright(frame), [_seen(joints[row], view) for row in rows[k]]


def _seen(joints_m: NDArray[np.float32], view: CalibratedView) -> Float64:
    fx, fy, cx, cy = view.intrinsics
    at = joints_m.astype(np.float64) @ view.R.T + view.t
    return np.asarray(at[:, :2] / at[:, 2:] * [fx, fy] + [cx, cy], np.float64)


def _squares(
    picture: NDArray[np.uint8], hands_px: list[Float64], count: int, rng: np.random.Generator
) -> Iterator[NDArray[np.uint8]]:
    height, width = picture.shape[:2]
    for _ in range(count):
        for _ in range(_TRIES):
            side = int(min(height, width) * rng.uniform(*_SIZES))
            x, y = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
            if not any(_meets(x, y, side, hand) for hand in hands_px):
                yield picture[y : y + side, x : x + side]
                break


def _meets(x: int, y: int, side: int, hand_px: Float64) -> bool:
    low, high = hand_px.min(0), hand_px.max(0)
    clear = _CLEAR * (high - low).max()
    low, high = low - clear, high + clear
    return bool(low[0] < x + side and high[0] > x and low[1] < y + side and high[1] > y)


if __name__ == "__main__":
    raise SystemExit(main())
