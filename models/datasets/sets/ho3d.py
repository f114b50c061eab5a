"""HO-3D v2 (Hampali et al., CVPR 2020): right hands holding objects, 640 x 480. Version 3 reads the same.

    FOLDER/evaluation.txt, train.txt            a line "SEQUENCE/0000" each
    FOLDER/evaluation/SEQUENCE/rgb/0000.png     (.jpg in version 3)
    FOLDER/evaluation/SEQUENCE/meta/0000.pkl    camMat (3, 3); handJoints3D, in the train split (21, 3)
    FOLDER/evaluation_xyz.json, _verts.json     the evaluation split's truth, in the order of evaluation.txt

Metres in OpenGL's camera frame (y up, z backward); joints in MANO's order: wrist, then index, middle, little,
ring, thumb, three each, then the tips from thumb to little finger.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from models.datasets.entry import DataSet
from models.datasets.samples import (
    Sample,
    SampleSet,
    intrinsics_of,
    points,
    read_json_points,
    require,
    stills,
)
from models.geometry import project
from models.hand.inert_pickle import FAILURES, as_array, load_inert
from models.types import Camera

FROM_MANO = np.array([0, 13, 14, 15, 16, 1, 2, 3, 17, 4, 5, 6, 18, 10, 11, 12, 19, 7, 8, 9, 20])
_OPENCV = np.array([1.0, -1.0, -1.0], np.float32)
_MAX_BYTES = 32 << 20
_ADVICE = "give the folder of HO3D_v2, which holds evaluation.txt and evaluation/"


def ho3d(folder: Path, split: Literal["evaluation", "train"] = "evaluation", every: int = 1) -> SampleSet:
    """HO-3D's samples. Raises ValueError in one line when files are missing or malformed.

    Nothing in its pickles is executed.
    """
    names = require(folder / f"{split}.txt", _ADVICE).read_text(encoding="utf-8").split()
    truth = None
    if split == "evaluation":
        advice = "the evaluation split's truth is a file of its own; put it beside evaluation.txt"
        truth = [
            read_json_points(folder / f"evaluation_{kind}.json", shape, advice)
            for kind, shape in (("xyz", (21, 3)), ("verts", (778, 3)))
        ]
        if {len(entries) for entries in truth} != {len(names)}:
            lengths = " and ".join(str(len(entries)) for entries in truth)
            raise ValueError(f"{folder}: evaluation_xyz.json and _verts.json should have {len(names)} "
                             f"entries as evaluation.txt has, got {lengths}")  # fmt: skip

    def get(k: int) -> Sample:
        sequence, _, frame = names[k].partition("/")
        base = folder / split / sequence
        meta_path = base / "meta" / f"{frame}.pkl"
        meta = _meta(meta_path)
        K = points(_entry(meta, "camMat", meta_path), (3, 3), f"{meta_path}, camMat")
        fx, fy, cx, cy = intrinsics_of(K)
        if truth is None:
            joints = points(_entry(meta, "handJoints3D", meta_path), (21, 3), f"{meta_path}, handJoints3D")
            vertices = None
        else:
            joints, vertices = truth[0][k], truth[1][k] * _OPENCV
        joints = joints[FROM_MANO] * _OPENCV
        px = project(joints, Camera(fx, fy, cx, cy, 640, 480)).astype(np.float32)
        image = base / "rgb" / f"{frame}.png"
        image = image if image.exists() else image.with_suffix(".jpg")
        return Sample(names[k], image, "right", (fx, fy, cx, cy), px, joints, vertices)

    return stills("ho3d", len(names), get, every)


def _meta(path: Path) -> dict[Any, Any]:
    try:
        content = load_inert(require(path, _ADVICE), _MAX_BYTES)
    except FAILURES as error:
        raise ValueError(f"{path}: refused, not HO-3D's pickle ({error or type(error).__name__})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected HO-3D's dictionary; is it whole?")
    return content


def _entry(meta: dict[Any, Any], name: str, path: Path) -> np.ndarray:
    try:
        return as_array(meta[name])
    except FAILURES as error:
        raise ValueError(f"{path}: no array '{name}' in it; is it a file of HO-3D's meta?") from error


DATA_SET = DataSet(
    "ho3d",
    evaluation=lambda folder, every: ho3d(folder, "evaluation", every),
    training=lambda folder: ho3d(folder, "train"),
)
