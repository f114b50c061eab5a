"""What the program has to know of a data set: its name, and how its splits are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.datasets.samples import SampleSet


@dataclass(frozen=True)
class DataSet:
    """One data set. Each module of `models.datasets.sets` has one, DATA_SET; nothing else need name it.

    Reading raises ValueError in one line where files are missing or malformed.
    """

    name: str  # on the command line: NAME:FOLDER
    # (folder, every) -> each `every`-th sample of the evaluation split
    evaluation: Callable[[Path, int], SampleSet]
    # folder -> the training split: stills with 3D joints, none of them in the evaluation split
    training: Callable[[Path], SampleSet] | None = None
    # what help puts in the folder's place; where it isn't "FOLDER", the reader checks the path
    takes: str = "FOLDER"
    # whether its authors' server takes predictions in FreiHAND's format
    submission: bool = False
