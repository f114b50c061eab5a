"""Where hands will be in a moment: each moved on with its own speed; and how wrong that turned out to be.

A hand is found some time after its frame was captured; to draw it on a newer frame, it has to be predicted.
Double exponential smoothing in spirit (LaViola 2003): a low-passed speed, carried on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.tracking.smoothing import MAX_GAP_S
from models.types import N_VERTICES, Float64, HandMesh

SPEED_CUTOFF_HZ = 8.0  # of the speed that is carried on: higher lags less and jitters more
MOST_AHEAD_S = 0.1  # further ahead a prediction is worth nothing
_ERRORS_KEPT = 90  # predictions that the error is taken over: three seconds


@dataclass
class _Mover:
    hand: HandMesh
    speed_m_s: Float64  # (799, 3) of vertices and joints
    speed_px_s: Float64  # (21, 2)
    predicted: deque[tuple[float, Float64]] = field(
        default_factory=lambda: deque(maxlen=8)
    )  # time, joints px


class HandPredictor:
    """Give it every frame's filtered hands, then ask where they are a little later. One thread."""

    def __init__(self) -> None:
        self._movers: dict[int, _Mover] = {}
        self._errors_px: deque[float] = deque(maxlen=_ERRORS_KEPT)

    def update(self, hands: Sequence[HandMesh]) -> None:
        """The hands of the next frame."""
        self._movers = {hand.track_id: self._moved(hand) for hand in hands}

    def at(self, time_s: float) -> tuple[HandMesh, ...]:
        """The hands as they should be at `time_s`, seconds; at most MOST_AHEAD_S after the last frame."""
        result = []
        for mover in self._movers.values():
            ahead_s = float(np.clip(time_s - mover.hand.time_s, 0.0, MOST_AHEAD_S))
            hand = _carried(mover, ahead_s)
            if ahead_s > 0:
                mover.predicted.append((hand.time_s, hand.joints_2d_px.astype(np.float64)))
            result.append(hand)
        return tuple(result)

    @property
    def error_px(self) -> float | None:
        """How far off predictions have turned out to be, pixels: the mean of the last ones; None at first."""
        return float(np.mean(self._errors_px)) if self._errors_px else None

    def _moved(self, hand: HandMesh) -> _Mover:
        previous = self._movers.get(hand.track_id)
        dt = hand.time_s - previous.hand.time_s if previous else 0.0
        if previous is None or previous.hand.handedness != hand.handedness or not 0 < dt <= MAX_GAP_S:
            return _Mover(hand, np.zeros((N_VERTICES + 21, 3)), np.zeros((21, 2)))
        self._judge(previous, hand)
        blend = 2 * np.pi * SPEED_CUTOFF_HZ * dt
        blend = blend / (blend + 1)
        speed = (_points(hand) - _points(previous.hand)) / dt
        speed_px = (hand.joints_2d_px - previous.hand.joints_2d_px).astype(np.float64) / dt
        return _Mover(
            hand,
            previous.speed_m_s + blend * (speed - previous.speed_m_s),
            previous.speed_px_s + blend * (speed_px - previous.speed_px_s),
            previous.predicted,
        )

    def _judge(self, previous: _Mover, hand: HandMesh) -> None:
        """Compare what was predicted for the time since the last frame with a straight line between both."""
        t0, t1 = previous.hand.time_s, hand.time_s
        while previous.predicted and previous.predicted[0][0] <= t1:
            time_s, predicted = previous.predicted.popleft()
            fraction = (time_s - t0) / (t1 - t0)
            if fraction >= 0:
                was = (1 - fraction) * previous.hand.joints_2d_px + fraction * hand.joints_2d_px
                self._errors_px.append(float(np.linalg.norm(predicted - was, axis=1).mean()))


def _carried(mover: _Mover, ahead_s: float) -> HandMesh:
    if ahead_s == 0:
        return mover.hand
    points = (_points(mover.hand) + ahead_s * mover.speed_m_s).astype(np.float32)
    pixels = (mover.hand.joints_2d_px + ahead_s * mover.speed_px_s).astype(np.float32)
    return replace(
        mover.hand,
        vertices_m=points[:N_VERTICES],
        joints_m=points[N_VERTICES:],
        joints_2d_px=pixels,
        time_s=mover.hand.time_s + ahead_s,
        pose=None,
    )


def _points(hand: HandMesh) -> Float64:
    return np.concatenate([hand.vertices_m, hand.joints_m]).astype(np.float64)
