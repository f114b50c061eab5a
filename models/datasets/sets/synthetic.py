"""Drawn hands with full truth, as `tools/build/synthetic_test.py` makes them.

    FOLDER/00000.png …          the picture
    FOLDER/00000_parts.png …    of each pixel the number in silhouettes.PARTS, 0 beside the hand
    FOLDER/truth.npz            `side` (N,) "right" or "left"; `intrinsics` (N, 4) fx, fy, cx, cy, pixels;
                                `joints_m` (N, 21, 3) and `vertices_m` (N, 778, 3) metres, camera frame, the
                                vertices in the open hand's order

Mask and parts are the whole hand's as the mesh projects it, also where something held hides it: it is the
mesh that is judged by them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from models.datasets.entry import DataSet
from models.datasets.real_crops import read_arrays
from models.datasets.samples import Sample, SampleSet, points, read_labels, require, stills
from models.geometry import project
from models.types import Camera

_ADVICE = "give the folder that `python -m tools.build.synthetic_test --out FOLDER` makes"


def synthetic(folder: Path, every: int = 1) -> SampleSet:
    """The samples of such a folder. Raises ValueError in one line when files are missing or malformed."""
    path = require(folder / "truth.npz", _ADVICE)
    sides, *arrays = read_arrays(path, ("side", "intrinsics", "joints_m", "vertices_m"))
    shapes = ((4,), (21, 3), (778, 3))
    if not all(a.ndim and a.shape == (len(sides), *s) for a, s in zip(arrays, shapes, strict=True)):
        raise ValueError(f"{path}: its arrays have the shapes {[a.shape for a in arrays]}; {_ADVICE}")
    intrinsics, joints, vertices = (
        points(a, a.shape, f"{path}, {name}")
        for a, name in zip(arrays, ("intrinsics", "joints_m", "vertices_m"), strict=True)
    )

    def get(k: int) -> Sample:
        fx, fy, cx, cy = (float(value) for value in intrinsics[k])
        handedness: Literal["left", "right"] = "left" if sides[k] == "left" else "right"
        parts = read_labels(folder / f"{k:05d}_parts.png")
        return Sample(
            f"{k:05d}",
            folder / f"{k:05d}.png",
            handedness,
            (fx, fy, cx, cy),
            project(joints[k], Camera(fx, fy, cx, cy, 1, 1)).astype(np.float32),
            joints[k],
            vertices[k],
            vertices_are_open=True,
            mask=parts > 0,
            parts=parts,
        )

    return stills("synthetic", len(sides), get, every)


DATA_SET = DataSet("synthetic", evaluation=synthetic)
