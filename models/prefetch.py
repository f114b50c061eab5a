"""Runs a stage of a pipeline on a thread of its own, in order, nothing dropped."""

from __future__ import annotations

from collections.abc import Generator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

_PATIENCE_S = 0.05


class _End:
    def __init__(self, error: Exception | None) -> None:
        self.error = error


def ahead(items: Generator[T], places: int = 4) -> Generator[T]:
    """Give what `items` gives, while a thread works up to `places` items ahead.

    The generator is begun, run and closed on that thread, so it may own what belongs to one thread. An error
    in it is raised here. Close the iterator (or use it up) and the thread has ended.
    """
    queue: Queue[T | _End] = Queue(places)
    stop = Event()

    def offer(item: T | _End) -> None:
        while not stop.is_set():
            try:
                queue.put(item, timeout=_PATIENCE_S)
                return
            except Full:
                continue

    def work() -> None:
        error = None
        try:
            for item in items:
                offer(item)
                if stop.is_set():
                    break
            items.close()
        except Exception as failure:  # raised again where the items are used
            error = failure
        offer(_End(error))

    thread = Thread(target=work, name=getattr(items, "__name__", "ahead"))
    thread.start()
    try:
        while True:
            try:
                item = queue.get(timeout=1.0)
            except Empty:
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        thread.join()
