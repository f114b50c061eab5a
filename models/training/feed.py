"""What a step learns from: batches of every source, made ahead on a thread each."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from models.training.batch import Batch, Pair, PairSource, Source, concatenated, on_device, reweighted
from models.training.config import TrainConfig

T = TypeVar("T")
AHEAD = 2  # batches made before they are asked for


@runtime_checkable
class Prefetchable(Protocol):
    """A source that can begin with a batch before it is asked for it."""

    reach: int  # how many batches it likes to know of

    def expect(self, number: int, count: int) -> None:
        """`batch(number, count)` will follow."""


@dataclass(frozen=True)
class Pairs:
    """Which rows of a batch show the same hands twice."""

    first: slice
    second: slice
    R_2_1: Tensor  # (n, 3, 3) frame of the first view -> of the second
    T_2_1: Tensor  # (n, 2, 3) 0..1 of the first crop -> of the second


@dataclass(frozen=True)
class TrainBatch:
    """One step's samples, synthetic ones first."""

    batch: Batch
    pairs: Pairs | None


class Prefetcher(Generic[T]):
    """`make(0), make(1) …` from `start` on, each made before it is asked for, on one thread of its own.

    What belongs to a thread, such as a GL context, may be made inside `make`.
    """

    def __init__(
        self,
        make: Callable[[int], T],
        numbers: Iterator[int],
        expect: Callable[[int], None] = lambda number: None,
        reach: int = 1,
    ) -> None:
        """expect: told of each number as soon as it is one of the next `reach`."""
        self._made: Queue[T | BaseException] = Queue(AHEAD)
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(make, _announced(numbers, expect, reach)), daemon=True
        )
        self._thread.start()

    def take(self) -> T:
        """The next one. Raises what making it raised."""
        made = self._made.get()
        if isinstance(made, BaseException):
            raise made
        return made

    def close(self) -> None:
        """End the thread, once it has finished what it is making."""
        self._ended.set()
        try:
            while True:
                self._made.get_nowait()
        except Empty:
            self._thread.join()

    def _run(self, make: Callable[[int], T], numbers: Iterator[int]) -> None:
        torch.set_num_threads(1)
        for number in numbers:
            made: T | BaseException
            try:
                made = make(number)
            except BaseException as error:  # the thread that takes it is the one to raise it
                made = error
            while not self._ended.is_set():
                try:
                    self._made.put(made, timeout=0.2)
                    break
                except Full:
                    continue
            if self._ended.is_set() or isinstance(made, BaseException):
                return


def _announced(numbers: Iterator[int], expect: Callable[[int], None], reach: int) -> Iterator[int]:
    """The same numbers; `expect` is told each of them when it is one of the next `reach`."""
    told: deque[int] = deque()
    for number in numbers:
        expect(number)
        told.append(number)
        if len(told) == reach:
            yield told.popleft()
    yield from told


class Feed:
    """The batches of every step, with the configuration's fraction of real samples."""

    def __init__(
        self,
        config: TrainConfig,
        synthetic: Source | None,
        real: Source | None,
        numbers: Callable[[], Iterator[int]],
    ) -> None:
        """numbers: called once a source. Raises ValueError without any source."""
        if synthetic is None and real is None:
            raise ValueError("training needs a source of hands")
        fraction = 0.0 if real is None else 1.0 if synthetic is None else config.real_fraction
        n_real = round(config.batch * fraction)
        self._config = config
        self._synthetic: Prefetcher[Batch] | None = None
        self._real: Prefetcher[Batch] | None = None
        self._pairs: Prefetcher[Pair] | None = None
        if synthetic is not None and n_real < config.batch:
            n = config.batch - n_real
            self._synthetic = (
                Prefetcher(
                    lambda number: synthetic.batch(number, n),
                    numbers(),
                    lambda number: synthetic.expect(number, n),
                    synthetic.reach,
                )
                if isinstance(synthetic, Prefetchable)
                else Prefetcher(lambda number: synthetic.batch(number, n), numbers())
            )
        if real is not None and n_real:
            hands = n_real // 4 if config.consistency > 0 and isinstance(real, PairSource) else 0
            if hands and isinstance(real, PairSource):  # half of them twice; single ones may show no hand
                pair = real.pair
                self._pairs = Prefetcher(lambda number: pair(number, hands), numbers())
            self._real = Prefetcher(lambda number: real.batch(number, n_real - 2 * hands), numbers())

    def take(self) -> TrainBatch:
        """The next step's samples, on the configuration's device."""
        device, parts, pairs = self._config.device, [], None
        if self._synthetic is not None:
            parts.append(reweighted(self._synthetic.take(), self._config.synthetic_weight))
        if self._real is not None:
            parts.append(self._real.take())
        if self._pairs is not None:
            first, second, R_2_1, T_2_1 = self._pairs.take()
            at = sum(len(part.images) for part in parts)
            n = len(first.images)
            rows = slice(at, at + n), slice(at + n, at + 2 * n)
            pairs = Pairs(*rows, R_2_1.to(device), T_2_1.to(device))
            parts += [first, second]
        return TrainBatch(concatenated([on_device(part, device) for part in parts]), pairs)

    def close(self) -> None:
        """End the threads."""
        for ahead in (self._synthetic, self._real, self._pairs):
            if ahead is not None:
                ahead.close()
