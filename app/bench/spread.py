"""Many runs of one thing, as a sceptic wants them: warmed up, in turns, median and spread."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Spread:
    """What many runs gave; all in the unit of the runs."""

    median: float
    q1: float  # a quarter of the runs were below
    q3: float  # .. and a quarter above
    p95: float
    p99: float
    least: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Raises ValueError without a value."""
        if not len(values):
            raise ValueError("spread: expected at least one run, got none")
        q1, median, q3, p95, p99 = (float(v) for v in np.percentile(values, (25, 50, 75, 95, 99)))
        return cls(median, q1, q3, p95, p99, float(min(values)), len(values))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.q1:.2f} … {self.q3:.2f})"

    def rounded(self) -> dict[str, float]:
        """For JSON."""
        return {name: round(value, 3) for name, value in vars(self).items()}


def take_turns(calls: Mapping[K, Callable[[], object]], runs: int, warm_up: int = 3) -> dict[K, list[float]]:
    """Milliseconds of each of `runs` calls. All take turns, so that a busy moment hits them all.

    Each is called twice in its turn and the second call is timed: the others have just emptied the cache,
    which a stream of frames does not.
    """
    times_ms: dict[K, list[float]] = {key: [] for key in calls}
    with without_collecting():
        for turn in range(warm_up + runs):
            for key, call in calls.items():
                call()
                start_s = time.perf_counter()
                call()
                if turn >= warm_up:
                    times_ms[key].append((time.perf_counter() - start_s) * 1e3)
    return times_ms


@contextmanager
def without_collecting() -> Iterator[None]:
    """Python's garbage collector waits meanwhile: it would hit one of the runs."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
