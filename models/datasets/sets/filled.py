"""Hands that fill 60 to 130 % of the picture, turned, dark, blurred: made from the photographs of a folder.

The folder is one of close-ups (boxes.json, sides unknown) or of real crops (labels.npz). Only photographs
that no training sees are taken, each once, in the same view each time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.datasets.close_view import close_view
from models.datasets.entry import DataSet
from models.datasets.kept_out import is_kept_out
from models.datasets.photographs import boxed_photographs
from models.datasets.real_crops import read_real_crops
from models.datasets.samples import Sample, SampleSet, read_rgb, stills


def filled(folder: Path, every: int = 1) -> SampleSet:
    """Raises ValueError in one line where the folder is neither, or has no photograph kept out."""
    if (folder / "labels.npz").is_file():
        samples, only_boxes = _crops(folder), False
    else:
        known = boxed_photographs(folder)
        samples = [s for s in known if isinstance(s.image, Path) and is_kept_out(s.image)]
        only_boxes = True
    if not samples:
        raise ValueError(f"{folder}: none of its photographs is kept out of training; give a larger folder")

    def get(k: int) -> Sample:
        sample = samples[k]
        image = sample.image if isinstance(sample.image, np.ndarray) else read_rgb(sample.image)
        assert sample.box_px is not None
        seen, box = close_view(image, sample.box_px, np.random.default_rng(k))
        return replace(sample, image=seen, joints_2d_px=None, box=box)

    return replace(stills("filled", len(samples), get, every), only_boxes=only_boxes)


def _crops(folder: Path) -> list[Sample]:
    labels = read_real_crops(folder)
    return [
        Sample(
            name := str(labels.image[row]),
            folder / name,
            "left" if labels.handedness[row] == "left" else "right",
            None,
            labels.joints_2d_px[row],
            None,
        )
        for row in np.flatnonzero(labels.held_out)
    ]


DATA_SET = DataSet("filled", evaluation=filled)
