"""How near each model came to measured hands: the report that ships beside the weights.

`main.py evaluate --data crops:DIR stereo:DIR still:VIDEO --model … --out DIR` writes it as DIR/report.json.
"""

from __future__ import annotations

import json
from typing import Any

from models.weights import ASSETS

REPORT = ASSETS / "weights" / "accuracy.json"


def accuracy(model: str) -> dict[str, float]:
    """What is known of a model: `pa_mpjpe_mm` of joints measured by two cameras, `joints_2d_percent` of the
    hand's box on real photographs, both means. Empty for a model that was not measured."""
    try:
        data: dict[str, Any] = json.loads(REPORT.read_text(encoding="utf-8"))["data"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    known = {
        "pa_mpjpe_mm": _mean(data, "stereo", model, "pa_mpjpe_mm"),
        "joints_2d_percent": _mean(data, "crops", model, "joints_2d_over_box", 100),
    }
    return {name: value for name, value in known.items() if value is not None}


def _mean(data: dict[str, Any], name: str, model: str, figure: str, times: float = 1) -> float | None:
    try:
        return round(times * float(data[name]["models"][model][figure]["mean"]), 2)
    except (KeyError, TypeError, ValueError):
        return None
