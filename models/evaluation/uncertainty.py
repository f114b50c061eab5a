"""How sure a mean is: percentile intervals by bootstrap (Efron 1979), in blocks over a video.

Frames of a video are alike, so a frame drawn alone would make an interval too narrow: blocks of a second are
drawn instead (moving blocks, Künsch 1989).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

DRAWS = 2000


def mean_interval(
    values: ArrayLike, block: int = 1, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float] | None:
    """Where the mean of (B,) values lies, NaN left out; None for fewer than two. block: drawn together.

    Raises ValueError for a confidence outside 0 … 1 or a block below 1.
    """
    if not 0 < confidence < 1 or block < 1:
        raise ValueError(f"bootstrap: expected 0 < confidence < 1 and block >= 1, got {confidence}, {block}")
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    n = len(known)
    if n < 2:
        return None
    block = min(block, max(n // 2, 1))
    totals = np.concatenate([[0.0], np.cumsum(np.concatenate([known, known[: block - 1]]))])
    sums = totals[block:] - totals[:-block]  # of the block that begins at each sample, around the end
    count = -(-n // block)
    drawn = np.random.default_rng(seed).integers(0, n, (DRAWS, count))
    means = sums[drawn].sum(1) / (count * block)
    tail = 50 * (1 - confidence)
    low, high = np.percentile(means, (tail, 100 - tail))
    return float(low), float(high)
