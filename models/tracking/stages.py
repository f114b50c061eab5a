"""How long each stage of a frame took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter


class StageTimes:
    """Time spent in each named stage since `clear`. One thread."""

    def __init__(self, stages: Sequence[str]) -> None:
        self._seconds = dict.fromkeys(stages, 0.0)

    def clear(self) -> None:
        """The next frame begins: all stages at zero."""
        self._seconds = dict.fromkeys(self._seconds, 0.0)

    def add(self, stage: str, seconds: float) -> None:
        """Count time that was measured elsewhere."""
        self._seconds[stage] += seconds

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Count the time until the block ends."""
        start_s = perf_counter()
        yield
        self.add(stage, perf_counter() - start_s)

    def read_ms(self) -> dict[str, float]:
        """Milliseconds by stage, in the order of the stages; the dictionary is the caller's to keep."""
        return {stage: 1e3 * seconds for stage, seconds in self._seconds.items()}
