"""Looking for hands without keeping the followed ones, or the picture, waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from models.types import Sighting

Detect = Callable[[NDArray[np.uint8]], Sequence[Sighting]]
"""frame_rgb -> the hands in it, found without any past."""


class Search:
    """A detector, asked on the spot or in the background. Belongs to one thread; the detector has its own.

    In the background, the answer comes a frame or two later. It says where hands were, so each must be looked
    for again in the present frame. A search costs three times as much as following a hand does.
    """

    def __init__(self, detect: Detect, beside: bool = False) -> None:
        """beside: False makes `submit` search on the spot, so that the same frames give the same hands."""
        self.waited_s = 0.0  # how long callers have been kept, in all
        self._detect = detect
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search") if beside else None
        self._running: Future[Sequence[Sighting]] | None = None

    def submit(self, frame_rgb: NDArray[np.uint8]) -> None:
        """Search this frame, which must not change until it is done. A search under way goes on instead."""
        if self._thread is not None:
            if self._running is None:
                self._running = self._thread.submit(self._detect, frame_rgb)
            return
        start_s = perf_counter()
        self._running = Future()
        try:
            self._running.set_result(self._detect(frame_rgb))
        finally:
            self.waited_s += perf_counter() - start_s

    def poll(self) -> Sequence[Sighting]:
        """The hands of a search that has ended since the last call; else none."""
        if self._running is None or not self._running.done():
            return ()
        ended, self._running = self._running, None
        return ended.result()

    def forget(self) -> None:
        """Another source begins: an answer about the one before must not come."""
        self._running = None

    def close(self) -> None:
        """Wait for the thread's last search and end it."""
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
