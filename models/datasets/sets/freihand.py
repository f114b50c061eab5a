"""FreiHAND v2 (Zimmermann et al., ICCV 2019): right hands, 224 px, the hand in the middle.

    FOLDER/evaluation/rgb/00000000.jpg …        3960 pictures
    FOLDER/evaluation_K.json                    a (3, 3) camera matrix each
    FOLDER/evaluation_xyz.json, _verts.json     (21, 3) and (778, 3) metres, camera frame; published later:
                                                without them there is nothing to compare, only to submit
    FOLDER/training/rgb, training/mask, training_K.json, _xyz.json
                                                32560 labels; of the four versions of each picture, which
                                                come one after the other, the first is read

Joints are in our order; vertices are MANO's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from models.datasets.entry import DataSet
from models.datasets.samples import (
    Sample,
    SampleSet,
    intrinsics_of,
    read_json_points,
    read_labels,
    require,
    stills,
)
from models.geometry import project
from models.types import Camera, Float32

_ADVICE = "give the folder of FreiHAND_pub_v2, which holds evaluation/rgb and evaluation_K.json"


def freihand(
    folder: Path, split: Literal["evaluation", "training"] = "evaluation", every: int = 1
) -> SampleSet:
    """FreiHAND's samples. Raises ValueError in one line when files are missing or malformed.

    Vertices come with the evaluation split only: the training split's would fill the memory.
    """
    pictures = require(folder / split / "rgb", _ADVICE)
    matrices = read_json_points(folder / f"{split}_K.json", (3, 3), _ADVICE)
    joints = _truth(folder / f"{split}_xyz.json", (21, 3), len(matrices), needed=split == "training")
    vertices = None
    if split == "evaluation":
        vertices = _truth(folder / "evaluation_verts.json", (778, 3), len(matrices), needed=False)
    masks = folder / split / "mask"

    def get(k: int) -> Sample:
        fx, fy, cx, cy = intrinsics_of(matrices[k])
        j = None if joints is None else joints[k]
        px = None if j is None else project(j, Camera(fx, fy, cx, cy, 224, 224)).astype(np.float32)
        return Sample(
            f"{k:08d}",
            pictures / f"{k:08d}.jpg",
            "right",
            (fx, fy, cx, cy),
            px,
            j,
            None if vertices is None else vertices[k],
            mask=read_labels(masks / f"{k:08d}.jpg") > 127 if masks.is_dir() else None,
        )

    return stills("freihand", len(matrices), get, every)


def _truth(path: Path, shape: tuple[int, ...], count: int, needed: bool) -> Float32 | None:
    """One file of labels, as many as there are cameras; None where it is not needed and missing."""
    if not (needed or path.exists()):
        return None
    labels = read_json_points(path, shape, _ADVICE)
    if len(labels) != count:
        raise ValueError(f"{path}: expected {count} entries, one for each camera matrix, got {len(labels)}")
    return labels


DATA_SET = DataSet(
    "freihand",
    evaluation=lambda folder, every: freihand(folder, "evaluation", every),
    training=lambda folder: freihand(folder, "training"),
    submission=True,
)
