"""A data set in one file, as somebody would add one: the test copies it beside the others as it is.

FOLDER/evaluation, FOLDER/training     toy.json: joints of right hands, (N, 21, 3) metres, camera frame
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.datasets.entry import DataSet
from models.datasets.samples import Sample, SampleSet, read_json_points, stills
from models.geometry import project
from models.types import Camera

CAMERA = Camera(480.0, 480.0, 112.0, 110.0, 224, 224)


def toy(folder: Path, split: str, every: int = 1) -> SampleSet:
    """The samples of one split: grey pictures. Raises ValueError in one line."""
    joints = read_json_points(folder / split / "toy.json", (21, 3), "give the folder of the toy set")

    def get(k: int) -> Sample:
        picture = np.full((224, 224, 3), 90, np.uint8)
        px = project(joints[k], CAMERA).astype(np.float32)
        return Sample(f"{k}", picture, "right", (CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy), px, joints[k])

    return stills("toy", len(joints), get, every)


DATA_SET = DataSet(
    "toy",
    evaluation=lambda folder, every: toy(folder, "evaluation", every),
    training=lambda folder: toy(folder, "training"),
)
