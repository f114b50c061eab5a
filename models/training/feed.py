"""What a step learns from: batches of every source, made ahead on a thread each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from models.prefetch import Prefetch
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


def prefetched(
    make: Callable[[int], T],
    numbers: Iterator[int],
    expect: Callable[[int], None] = lambda number: None,
    reach: int = 1,
) -> Prefetch[T]:
    """`make(number)` of each number, made before it is asked for, on one thread of its own.

    What belongs to a thread, such as a GL context, may be made inside `make`. expect: told of each number as
    soon as it is one of the next `reach`.
    """

    def batches() -> Generator[T]:
        torch.set_num_threads(1)
        for number in _announced(numbers, expect, reach):
            yield make(number)

    return Prefetch(batches(), AHEAD)


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
        self._synthetic: Prefetch[Batch] | None = None
        self._real: Prefetch[Batch] | None = None
        self._pairs: Prefetch[Pair] | None = None
        if synthetic is not None and n_real < config.batch:
            n = config.batch - n_real
            self._synthetic = (
                prefetched(
                    lambda number: synthetic.batch(number, n),
                    numbers(),
                    lambda number: synthetic.expect(number, n),
                    synthetic.reach,
                )
                if isinstance(synthetic, Prefetchable)
                else prefetched(lambda number: synthetic.batch(number, n), numbers())
            )
        if real is not None and n_real:
            hands = n_real // 4 if config.consistency > 0 and isinstance(real, PairSource) else 0
            if hands and isinstance(real, PairSource):  # half of them twice; single ones may show no hand
                pair = real.pair
                self._pairs = prefetched(lambda number: pair(number, hands), numbers())
            self._real = prefetched(lambda number: real.batch(number, n_real - 2 * hands), numbers())

    def take(self) -> TrainBatch:
        """The next step's samples, on the configuration's device."""
        device, parts, pairs = self._config.device, [], None
        if self._synthetic is not None:
            parts.append(reweighted(next(self._synthetic), self._config.synthetic_weight))
        if self._real is not None:
            parts.append(next(self._real))
        if self._pairs is not None:
            first, second, R_2_1, T_2_1 = next(self._pairs)
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
