"""Whether a camera keeps up the rate that it was asked for."""

from __future__ import annotations

from collections import deque

_OVER_S = 3.0
_SETTLING_S = 1.5  # exposure and buffers find their way
_WAITING = 0.5  # of the time is spent waiting for a camera that is slow; less, and it is us who are
_SLOW, _WELL = 0.7, 0.85  # of the rate asked for: below the first it is told, above the second withdrawn


class RateWatch:
    """Told of every picture; knows when the camera has become slow, and when it is well again."""

    def __init__(self, fps: float) -> None:
        """fps: what was asked for."""
        self._fps = fps
        self._pictures: deque[tuple[float, float]] = deque()  # time and how long it was waited for, seconds
        self._from_s: float | None = None
        self.slow = False

    def __call__(self, time_s: float, waited_s: float) -> float | None:
        """A picture of this time that was waited for so long, seconds.

        The true rate where the camera has just become slow, 0 where it is well again; else None.
        """
        if self._from_s is None:
            self._from_s = time_s + _SETTLING_S
        if time_s < self._from_s:
            return None
        self._pictures.append((time_s, waited_s))
        while time_s - self._pictures[0][0] > _OVER_S:
            self._pictures.popleft()
        span_s = time_s - self._pictures[0][0]
        if span_s < 0.8 * _OVER_S or len(self._pictures) < 3:
            return None
        rate = (len(self._pictures) - 1) / span_s
        waited = sum(waited_s for _, waited_s in self._pictures) / span_s
        if not self.slow and rate < _SLOW * self._fps and waited > _WAITING:
            self.slow = True
            return rate
        if self.slow and rate > _WELL * self._fps:
            self.slow = False
            return 0.0
        return None
