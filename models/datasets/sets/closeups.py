"""Close-up photographs of single hands, of which only the box around each is known: is the hand found?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.datasets.entry import DataSet
from models.datasets.photographs import boxed_photographs
from models.datasets.samples import SampleSet, stills


def closeups(folder: Path, every: int = 1) -> SampleSet:
    """Every photograph with one hand. Raises ValueError in one line."""
    samples = boxed_photographs(folder)
    return replace(stills("closeups", len(samples), lambda k: samples[k], every), only_boxes=True)


DATA_SET = DataSet("closeups", evaluation=closeups)
