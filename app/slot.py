"""A place for one value between two threads: the newest wins, so a slow reader never falls behind."""

from __future__ import annotations

from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """One writer puts, one reader takes; what was not taken in time is replaced."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._value: T | None = None
        self._closed = False

    def put(self, value: T) -> bool:
        """Leave a value. True where it replaced one that nobody had taken."""
        with self._condition:
            replaced = self._value is not None
            self._value = value
            self._condition.notify()
            return replaced

    def take(self, timeout_s: float | None = None) -> T | None:
        """Wait for a value and take it; None once the slot is closed or the time is up."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._value is not None, timeout_s)
            value, self._value = self._value, None
            return None if self._closed else value

    def close(self) -> None:
        """Let the reader go: every `take` returns None from now on."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
