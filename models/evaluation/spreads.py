"""Values of many samples as the few numbers that are reported."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.evaluation.uncertainty import mean_interval
from models.types import Float64


def spread(values: Float64, block: int = 1) -> dict[str, Any]:
    """Mean with its 95 % interval, median and 95th percentile. block: samples that follow each other."""
    known = np.asarray(values)[np.isfinite(values)]
    if len(known) == 0:
        return {"mean": None, "ci95": None, "median": None, "p95": None}
    median, p95 = np.percentile(known, (50, 95))
    interval = mean_interval(known, block)
    return {
        "mean": rounded(known.mean()),
        "ci95": None if interval is None else [rounded(end) for end in interval],
        "median": rounded(median),
        "p95": rounded(p95),
    }


def mean(values: Any) -> float | None:
    """Of what is finite; None where nothing is."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    return rounded(known.mean()) if len(known) else None


def rounded(value: float) -> float | None:
    """To four digits; None for what is not finite."""
    return round(float(value), 4) if np.isfinite(value) else None
