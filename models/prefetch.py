"""Runs a stage of a pipeline ahead of its user on a thread of its own, in order, nothing dropped."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

_PATIENCE_S = 0.05


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Prefetch(Generic[T]):
    """Iterates over what a generator gives, while a thread works up to `count` items ahead.

    The generator is begun, run and closed on that thread, so it may own what belongs to one thread, such as a
    GL context. What it raises is raised where the items are taken. Close the iterator, or use it up, and the
    thread has ended.
    """

    def __init__(self, items: Generator[T], count: int = 4) -> None:
        self._items = items
        self._queue: Queue[T | _End] = Queue(count)
        self._stop = Event()
        # A daemon: one that is never closed must not keep the program from ending.
        self._thread = Thread(target=self._work, name=getattr(items, "__name__", "prefetch"), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while not self._stop.is_set():
            try:
                item = self._queue.get(timeout=1.0)
            except Empty:
                continue
            if not isinstance(item, _End):
                return item
            self.close()
            if item.error is not None:
                raise item.error
        raise StopIteration

    def close(self) -> None:
        """End the thread, once it has finished the item it is making."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        error = None
        try:
            for item in self._items:
                self._offer(item)
                if self._stop.is_set():
                    break
            self._items.close()
        except BaseException as failure:  # raised again where the items are used
            error = failure
        self._offer(_End(error))

    def _offer(self, item: T | _End) -> None:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=_PATIENCE_S)
                return
            except Full:
                continue
