"""What a recording leaves out: the time between pause and go on, cut from pictures and sound alike."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from app.recorder.video import Sound


class Pauses:
    """Stretches of the monotonic clock, seconds. Any thread may ask; one pauses and goes on."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stretches: list[tuple[float, float]] = []  # from when to when, in order
        self._since_s: float | None = None  # of the one that lasts

    @property
    def paused(self) -> bool:
        """Whether one lasts now."""
        return self._since_s is not None

    def pause(self, time_s: float) -> None:
        """Leave out what comes from now on. Twice is harmless."""
        with self._lock:
            if self._since_s is None:
                self._since_s = time_s

    def go_on(self, time_s: float) -> None:
        """Take in what comes from now on."""
        with self._lock:
            if self._since_s is not None:
                self._stretches.append((self._since_s, max(time_s, self._since_s)))
                self._since_s = None

    def recorded_s(self, time_s: float) -> float | None:
        """A moment on the recording's own clock, which stands still meanwhile; None within a pause."""
        left_out_s = 0.0
        for start_s, end_s in self._left_out():
            if time_s < start_s:
                break
            if time_s < end_s:
                return None
            left_out_s += end_s - start_s
        return time_s - left_out_s

    def recorded(self, sound: Sound, rate: int) -> Iterator[Sound]:
        """The pieces of a sound that lie outside pauses, on the recording's own clock."""
        start, end = 0, len(sound.samples)
        for start_s, end_s in self._left_out():
            first = round((start_s - sound.time_s) * rate)
            after = end if end_s == float("inf") else round((end_s - sound.time_s) * rate)
            if first > start:
                yield from self._piece(sound, start, min(first, end), rate)
            start = max(start, min(after, end))
            if first >= end:
                return
        yield from self._piece(sound, start, end, rate)

    def _piece(self, sound: Sound, start: int, end: int, rate: int) -> Iterator[Sound]:
        if end <= start:
            return
        middle_s = self.recorded_s(sound.time_s + (start + end) / 2 / rate)
        if middle_s is not None:
            yield Sound(sound.samples[start:end], middle_s - (end - start) / 2 / rate)

    def _left_out(self) -> list[tuple[float, float]]:
        with self._lock:
            lasting = [] if self._since_s is None else [(self._since_s, float("inf"))]
            return [*self._stretches, *lasting]
