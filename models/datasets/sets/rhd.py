"""Rendered Hand Pose, RHD v2 (Zimmermann and Brox, ICCV 2017): rendered people, 320 px, both hands.

    FOLDER/evaluation/anno_evaluation.pickle    {number: {"K" (3, 3), "xyz" (42, 3) metres, camera frame,
                                                "uv_vis" (42, 3) pixels and visibility}}
    FOLDER/evaluation/color/00000.png           the picture
    FOLDER/evaluation/mask/00000.png            0 background, 1 person, 2-17 left hand, 18-33 right hand:
                                                three numbers a finger, thumb to little finger, then the palm

Joints: the left hand's 21, then the right hand's; wrist, then thumb to little finger, each from tip to palm.
As in the paper, the hand with more pixels in the mask is the one that counts.
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
    points,
    read_labels,
    require,
    stills,
)
from models.hand.inert_pickle import FAILURES, as_array, load_inert
from models.types import Handedness

FROM_RHD = np.array([0, 4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13, 20, 19, 18, 17])
_LEFT, _RIGHT, _LABELS = 2, 18, 16  # a hand's first number in the masks, and how many it has
_PARTS = np.array([*np.repeat(np.arange(2, 7), 3), 1], np.uint8)  # by RHD's number: silhouettes.PARTS
_MAX_BYTES = 1 << 30
_ADVICE = "give the folder of RHD_published_v2, which holds evaluation/anno_evaluation.pickle"


def rhd(folder: Path, split: Literal["evaluation", "training"] = "evaluation", every: int = 1) -> SampleSet:
    """RHD's samples. Raises ValueError in one line when files are missing or malformed.

    Nothing in its pickle is executed.
    """
    path = require(folder / split / f"anno_{split}.pickle", _ADVICE)
    try:
        content = load_inert(path, _MAX_BYTES)
    except FAILURES as error:
        raise ValueError(f"{path}: refused, not RHD's pickle ({error or type(error).__name__})") from error
    if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
        raise ValueError(f"{path}: expected RHD's dictionary of dictionaries; is it whole?")
    numbers = sorted(content)

    def get(k: int) -> Sample:
        number = numbers[k]
        entry, where = content[number], f"{path.name} {number}"
        try:
            K, xyz, uv_vis = (as_array(entry[name]) for name in ("K", "xyz", "uv_vis"))
        except FAILURES as error:
            raise ValueError(f"{where}: expected the arrays K, xyz, uv_vis; is it RHD's?") from error
        labels = read_labels(folder / split / "mask" / f"{number:05d}.png")
        left, right = _of_hand(labels, _LEFT), _of_hand(labels, _RIGHT)
        handedness: Handedness = "left" if np.count_nonzero(left) > np.count_nonzero(right) else "right"
        parts, start = (left, 0) if handedness == "left" else (right, 21)
        order = start + FROM_RHD
        return Sample(
            f"{number:05d}",
            folder / split / "color" / f"{number:05d}.png",
            handedness,
            intrinsics_of(points(K, (3, 3), f"{where}, K")),
            points(uv_vis, (42, 3), f"{where}, uv_vis")[order, :2],
            points(xyz, (42, 3), f"{where}, xyz")[order],
            mask=parts > 0,
            parts=parts,
        )

    return stills("rhd", len(numbers), get, every)


def _of_hand(labels: np.ndarray, first: int) -> np.ndarray:
    """(H, W) silhouettes.PARTS of the hand whose numbers begin at `first`."""
    table = np.zeros(256, np.uint8)
    table[first : first + _LABELS] = _PARTS
    return table[labels]


DATA_SET = DataSet(
    "rhd",
    evaluation=lambda folder, every: rhd(folder, "evaluation", every),
    training=lambda folder: rhd(folder, "training"),
)
