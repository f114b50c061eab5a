"""`evaluate --data found:NAME:FOLDER`: is every hand found, and is nothing else taken for one?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.commands.progress import SampleBar
from app.errors import UserError
from models.datasets.registry import read_set
from models.datasets.samples import SampleSet
from models.evaluation.found import (
    WINDOWS,
    Tally,
    judge_empty,
    judge_stills,
    judge_video,
    pictures_without_hands,
)

PREFIX = "found:"
EMPTY = "none"
"""In a data set's place: a folder of pictures without hands."""


def found_report(name: str, path: Path, every: int, models: Sequence[str]) -> dict[str, Any]:
    """{"samples", "models": {model: figures}} of a data set, or of EMPTY. Raises UserError."""
    try:
        if name == EMPTY:
            if not path.is_dir():
                raise ValueError(f"{path} is not a folder; give a folder of pictures without hands")
            count = len(pictures_without_hands(path)) * (1 + WINDOWS)
            tallies = _with_bar(count, lambda show: judge_empty(path, models, show))
            return _entry(count, tallies, False)
        samples = read_set(name, path, every)
        return found_in(samples, models)
    except ValueError as error:
        raise UserError(str(error)) from error


def found_in(samples: SampleSet, models: Sequence[str]) -> dict[str, Any]:
    """The same of samples that were read already. Raises ValueError where a picture is unfit."""
    judge = judge_stills if samples.fps is None else judge_video
    tallies = _with_bar(samples.count, lambda show: judge(samples, models, show))
    return _entry(samples.count, tallies, not samples.only_boxes)


def _entry(count: int, tallies: dict[str, Tally], handedness_known: bool) -> dict[str, Any]:
    return {
        "samples": count,
        "models": {name: tally.figures(handedness_known) for name, tally in tallies.items()},
    }


def _with_bar(count: int, judge: Callable[[Callable[[int], None]], dict[str, Tally]]) -> dict[str, Tally]:
    bar = SampleBar(count)
    try:
        return judge(bar)
    finally:
        bar.end()
