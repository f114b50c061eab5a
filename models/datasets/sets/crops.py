"""Real photographs of hands: the held-out part of a folder of real crops (`models.datasets.real_crops`).

2D joints, no camera. The labels are MediaPipe's, kept where the mirrored photograph gave the same: on these
crops MediaPipe is judged by itself. `main.py train --real FOLDER` learns from the other crops of the folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.datasets.entry import DataSet
from models.datasets.real_crops import read_real_crops
from models.datasets.samples import Sample, SampleSet, stills


def crops(folder: Path, every: int = 1) -> SampleSet:
    """The held-out crops. Raises ValueError in one line."""
    labels = read_real_crops(folder)
    rows = np.flatnonzero(labels.held_out)
    if len(rows) == 0:
        raise ValueError(f"{folder}: none of its {len(labels.image)} crops is held out; give a larger folder")

    def get(k: int) -> Sample:
        row = rows[k]
        handedness = "left" if labels.handedness[row] == "left" else "right"
        name = str(labels.image[row])
        return Sample(name, folder / name, handedness, None, labels.joints_2d_px[row], None)  # type: ignore[arg-type]

    return stills("crops", len(rows), get, every)


DATA_SET = DataSet("crops", evaluation=crops)
