"""Times several calls in turns, so that a busy moment of the machine hits them all."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def take_turns(calls: Mapping[K, Callable[[], object]], runs: int, warm_up: int = 3) -> dict[K, list[float]]:
    """Milliseconds of each of `runs` calls, after `warm_up` turns that don't count.

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
