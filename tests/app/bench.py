"""What tests of `bench` measure: frames, and a stand-in for MediaPipe Hands."""

from __future__ import annotations

import time

import numpy as np

from app.capture import Frame


class SlowBaseline:
    """A stand-in for MediaPipe Hands that takes 4 ms and sees two hands."""

    def __init__(self, max_hands: int = 1) -> None:
        self.closed = False

    def __call__(self, frame: Frame) -> int:
        time.sleep(0.004)
        return 2

    def close(self) -> None:
        self.closed = True


def frames(count: int) -> list[Frame]:
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    return [Frame(picture, index / 30, index) for index in range(count)]
