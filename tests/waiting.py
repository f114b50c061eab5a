"""Waiting in tests: for a condition, never for a time, so that a slow machine is only slower.

No limit is a promise about speed: each is far beyond what the slowest machine needs, and costs nothing where
a test passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 60.0
"""After this something that doesn't come is taken for broken."""
AT_ONCE_S = 5.0
"""What doesn't wait for a slow part is done by then, however busy the machine is."""


def wait_for(condition: Callable[[], object], turn: Callable[[], object] = lambda: None) -> None:
    """Return as soon as the condition holds. turn: done in between. Fails after PATIENCE_S."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s, "waited in vain"
        turn()
        time.sleep(0.002)


def pump(condition: Callable[[], object]) -> None:
    """Let the window work until the condition holds."""
    from PyQt6.QtWidgets import QApplication

    wait_for(condition, QApplication.processEvents)


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where there is none, as in the moment in which it is only tried to be written."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def took_s(action: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start_s = time.monotonic()
    action()
    return time.monotonic() - start_s


def least_cpu_s(action: Callable[[], object], runs: int = 30) -> float:
    """The least processor time of this thread that a call takes, seconds: not moved by a busy machine."""
    times = []
    for _ in range(runs):
        start_s = time.thread_time()
        action()
        times.append(time.thread_time() - start_s)
    return min(times)
