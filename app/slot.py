"""A place for one value between two threads: the newest wins, so a slow reader never falls behind."""

from __future__ import annotations

from collections import deque
from queue import SimpleQueue
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


class Handoff(Generic[T]):
    """The same for a writer that must not be held up, not even for a lock.

    A Condition's lock may be held by the reader, and waiting for it gives the interpreter away: where several
    threads compute, it comes back five milliseconds later for each. Here nothing is waited for.
    """

    def __init__(self) -> None:
        self._value: deque[T] = deque()
        self._wake: SimpleQueue[bool] = SimpleQueue()  # of one thing at most, but for the end

    def put(self, value: T) -> bool:
        """Leave a value. True where it replaced one that nobody had taken."""
        try:
            self._value.pop()
            replaced = True
        except IndexError:
            replaced = False
        self._value.append(value)
        if self._wake.empty():
            self._wake.put(True)
        return replaced

    def take(self) -> T | None:
        """Wait for a value and take it; None once it is closed."""
        while self._wake.get():
            try:
                return self._value.pop()
            except IndexError:  # it was taken with the wake-up before
                continue
        self._wake.put(False)  # for whoever asks again
        return None

    @property
    def holds(self) -> bool:
        """Whether a value waits to be taken."""
        return bool(self._value)

    def close(self) -> None:
        """Let the reader go: every `take` returns None from now on."""
        self._value.clear()
        self._wake.put(False)
