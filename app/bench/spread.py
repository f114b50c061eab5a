"""What many runs of one thing gave: median and spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


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
