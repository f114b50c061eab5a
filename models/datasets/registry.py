"""The data sets by name. A module put into `models.datasets.sets` is one more: no list to add it to."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from models.datasets import sets
from models.datasets.entry import DataSet
from models.datasets.samples import SampleSet


def data_sets() -> dict[str, DataSet]:
    """Every data set, sorted by module. Raises AttributeError for a module without DATA_SET."""
    modules = sorted(module.name for module in pkgutil.iter_modules(sets.__path__))
    entries = [importlib.import_module(f"{sets.__name__}.{name}").DATA_SET for name in modules]
    return {entry.name: entry for entry in entries}


def training_sets() -> dict[str, DataSet]:
    """Those that have a split to learn from."""
    return {name: entry for name, entry in data_sets().items() if entry.training is not None}


def read_set(name: str, path: Path, every: int = 1) -> SampleSet:
    """The evaluation split of a data set, each `every`-th sample. Raises ValueError in one line."""
    known = data_sets()
    _check(name, path, known)
    return known[name].evaluation(path, every)


def read_training_set(name: str, path: Path) -> SampleSet:
    """The training split of one of `training_sets`. Raises ValueError in one line."""
    known = training_sets()
    _check(name, path, known)
    training = known[name].training
    assert training is not None
    return training(path)


def _check(name: str, path: Path, known: dict[str, DataSet]) -> None:
    if name not in known:
        raise ValueError(f"data: expected one of {', '.join(known)}, got {name!r}")
    if known[name].takes == "FOLDER" and not path.is_dir():
        raise ValueError(f"{path} is not a folder; give the folder of {name}")
