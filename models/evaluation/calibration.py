"""Whether a presence of 0.8 means that the hand is right eight times in ten."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

BINS = 10


def calibration_curve(presence: ArrayLike, correct: ArrayLike, bins: int = BINS) -> dict[str, Any]:
    """Reliability of (B,) presences 0..1 whose hands were right or not (B,) (Guo et al., ICML 2017).

    "curve": for each bin that has samples, its mean presence, the fraction that was right, and how many;
    "ece": the expected calibration error; "brier": the Brier score. Raises ValueError outside 0 … 1.
    """
    p, right = np.asarray(presence, np.float64), np.asarray(correct, bool)
    if p.shape != right.shape or p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("calibration: expected presences from 0 to 1, and as many right or wrong answers")
    if len(p) == 0:
        return {"curve": [], "ece": None, "brier": None}
    place = np.minimum((p * bins).astype(int), bins - 1)
    curve, ece = [], 0.0
    for k in range(bins):
        here = place == k
        if here.any():
            said, true, count = float(p[here].mean()), float(right[here].mean()), int(here.sum())
            curve.append({"presence": round(said, 4), "right": round(true, 4), "samples": count})
            ece += count / len(p) * abs(said - true)
    return {"curve": curve, "ece": round(ece, 4), "brier": round(float(((p - right) ** 2).mean()), 4)}
