"""A folder of photographs of single hands of which only the box around each hand is known.

It holds pictures and boxes.json: {file name: {"boxes": [[x0, y0, x1, y1], …], …}}, pixels.
"""

from __future__ import annotations

import json
from pathlib import Path

from models.datasets.samples import Box, Sample, require


def boxed_photographs(folder: Path) -> list[Sample]:
    """Every photograph with one hand, by name; it is called right, which nobody knows. Raises ValueError."""
    path = require(folder / "boxes.json", "give the folder of photographs with their boxes.json")
    try:
        content = json.loads(path.read_bytes())
        boxes = {name: [_box(b) for b in entry["boxes"]] for name, entry in content.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} can't be used ({error!r}); copy the folder again") from error
    names = sorted(name for name, of in boxes.items() if len(of) == 1)
    if not names:
        raise ValueError(f"{path}: names no photograph with one hand; copy the folder again")
    return [Sample(n, folder / n, "right", None, None, None, box=boxes[n][0]) for n in names]


def _box(corners: list[float]) -> Box:
    x0, y0, x1, y1 = (float(c) for c in corners)
    if not (x1 > x0 and y1 > y0):
        raise ValueError(f"a box of no size: {corners}")
    return x0, y0, x1 - x0, y1 - y0
