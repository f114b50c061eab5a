"""The data sets that can be judged by, by name. Each file says how its folder must look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.datasets.freihand import freihand
from models.datasets.ho3d import ho3d
from models.datasets.obman import obman
from models.datasets.own_data import crops, stereo, still
from models.datasets.rhd import rhd
from models.datasets.samples import SampleSet
from models.datasets.stb import stb
from models.datasets.synthetic import synthetic

READERS: dict[str, Callable[[Path, int], SampleSet]] = {
    "crops": crops,
    "stereo": stereo,
    "synthetic": synthetic,
    "freihand": lambda folder, every: freihand(folder, "evaluation", every),
    "ho3d": lambda folder, every: ho3d(folder, "evaluation", every),
    "rhd": lambda folder, every: rhd(folder, "evaluation", every),
    "stb": lambda folder, every: stb(folder, "evaluation", every),
    "obman": lambda folder, every: obman(folder, "test", every),
}

VIDEOS: dict[str, Callable[[Path, int], SampleSet]] = {"still": still}
"""Those that are a file, or a part of one, and have no truth: of them only steadiness is judged."""
SETS = (*READERS, *VIDEOS)


def read_set(name: str, folder: Path, every: int = 1) -> SampleSet:
    """The test samples of a data set of SETS. Raises ValueError in one line."""
    if name not in SETS:
        raise ValueError(f"data: expected one of {', '.join(SETS)}, got {name!r}")
    if name in VIDEOS:
        return VIDEOS[name](folder, every)
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder; give the folder of {name}")
    return READERS[name](folder, every)
