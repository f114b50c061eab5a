"""How fast, how late and at what cost: frames per second, capture → display, drops, processor, memory."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from threading import Lock

import numpy as np

from app.session.usage import UsageMeter

_WINDOW = 150  # pictures: the last five seconds at 30 frames/s
_FPS_S = 2.0
_USAGE_S = 1.0  # between readings of the process


@dataclass(frozen=True)
class Statistics:
    """What the HUD shows."""

    fps: float  # pictures shown per second, over the last two seconds
    latency_p50_ms: float  # capture → display over the last pictures
    latency_p95_ms: float
    latency_p99_ms: float
    dropped: int  # frames replaced by a newer one before they were worked on, since the source was opened
    cores: float = 0.0  # that this process keeps busy
    memory_mb: float = 0.0  # of this process, MiB
    prediction_error_px: float | None = None  # of predicted joints, of late; None without prediction


class StatisticsMeter:
    """Counts as things happen, from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._shown_s: deque[float] = deque(maxlen=_WINDOW)
        self._latency_s: deque[float] = deque(maxlen=_WINDOW)
        self._dropped = 0
        self._prediction_error_px: float | None = None
        self._usage = UsageMeter()

    def reset(self) -> None:
        """Start again, as for a new source."""
        with self._lock:
            self._shown_s.clear()
            self._latency_s.clear()
            self._dropped = 0
            self._prediction_error_px = None

    def predicted(self, error_px: float | None) -> None:
        """How well hands are predicted; None where they are not."""
        with self._lock:
            self._prediction_error_px = error_px

    def dropped(self) -> None:
        """A frame was replaced before it was worked on."""
        with self._lock:
            self._dropped += 1

    def displayed(self, captured_s: float) -> None:
        """A picture captured at `captured_s` (monotonic clock) is on the screen now."""
        now_s = time.monotonic()
        with self._lock:
            self._shown_s.append(now_s)
            self._latency_s.append(now_s - captured_s)

    def read(self) -> Statistics:
        """The figures of this moment; zeros before the first picture."""
        with self._lock:
            recent = [t for t in self._shown_s if t > time.monotonic() - _FPS_S]
            latency = list(self._latency_s)
            dropped, error_px = self._dropped, self._prediction_error_px
            usage = self._usage.read(_USAGE_S)
        fps = (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0
        p50, p95, p99 = (np.percentile(latency, (50, 95, 99)) * 1e3).tolist() if latency else (0.0, 0.0, 0.0)
        return Statistics(fps, p50, p95, p99, dropped, usage.cores, usage.memory_mb, error_px)
