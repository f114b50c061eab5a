"""Runs the detector for a further hand without keeping the followed ones waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from models.types import Detection

Detect = Callable[[NDArray[np.uint8]], Sequence[Detection]]
"""frame_rgb -> the hands in it, found without any past."""


class Search:
    """A detector, run in the call or on a thread beside. Belongs to one thread itself.

    Beside, its result comes a frame or two later. It says where hands were, so each is to be
    inferred again in the newest frame. A detector costs three times as much as following a hand does.
    """

    def __init__(self, detect: Detect, beside: bool = False) -> None:
        """beside: False makes `submit` run the detector at once, so equal frames give equal hands."""
        self.waited_s = 0.0  # how long callers have been kept, in all
        self._detector = detect
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search") if beside else None
        self._running: Future[Sequence[Detection]] | None = None

    def detect(self, frame_rgb: NDArray[np.uint8]) -> Sequence[Detection]:
        """Hands in this very frame. What was submitted before is forgotten."""
        self.forget()
        start_s = perf_counter()
        try:
            return self._detector(frame_rgb) if self._thread is None else self._start(frame_rgb).result()
        finally:
            self.waited_s += perf_counter() - start_s

    def submit(self, frame_rgb: NDArray[np.uint8]) -> Sequence[Detection]:
        """Run on this frame, which must not change, unless another run is under way; then `poll`."""
        if self._thread is None:
            return self.detect(frame_rgb)
        if self._running is None:
            self._running = self._start(frame_rgb)
        return self.poll()

    def poll(self) -> Sequence[Detection]:
        """The hands of a run that has ended since the last call; else none."""
        if self._running is None or not self._running.done():
            return ()
        ended, self._running = self._running, None
        return ended.result()

    def forget(self) -> None:
        """Another source begins: hands of the one before must not come."""
        self._running = None

    def close(self) -> None:
        """Wait for the thread's last run and end it."""
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)

    def _start(self, frame_rgb: NDArray[np.uint8]) -> Future[Sequence[Detection]]:
        assert self._thread is not None
        return self._thread.submit(self._detector, frame_rgb)
