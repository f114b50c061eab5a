"""A clip whose joints two calibrated cameras have triangulated, seen by the first of them.

    FOLDER/cam0.mp4
    FOLDER/reference.npz    `frame` (N,), `joints_3d` (N, 21, 3) metres in camera 0's frame, `reprojection_px`
                            (N, 21), `K0` (3, 3)

Its scale is an assumption: compare after alignment.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.datasets.entry import DataSet
from models.datasets.real_crops import read_arrays
from models.datasets.samples import Sample, SampleSet, require
from models.datasets.video_file import frame_rate, frames_of

AGREE_PX = 4.0
"""A joint counts where both cameras agree on it within this: the mean reprojection error of the two views."""
ENOUGH = 8  # joints that must count in a frame, or none of it does


def stereo(folder: Path, every: int = 1) -> SampleSet:
    """The clip's labelled frames. Raises ValueError in one line."""
    advice = "give a folder with cam0.mp4 and reference.npz"
    clip, path = require(folder / "cam0.mp4", advice), require(folder / "reference.npz", advice)
    names = ("frame", "joints_3d", "reprojection_px", "K0")
    frame, joints, reprojection_px, K = read_arrays(path, names)
    shapes = [array.shape for array in (frame, joints, reprojection_px, K)]
    if shapes != [(len(frame),), (len(frame), 21, 3), (len(frame), 21), (3, 3)]:
        raise ValueError(f"{path}: {', '.join(names)} have the shapes {shapes}; {advice}")
    intrinsics = (float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2]))
    fps = frame_rate(clip)
    row = {int(f): i for i, f in enumerate(frame) if f % every == 0}

    def read() -> Iterator[Sample]:
        for k, image in frames_of(clip):
            if k not in row:
                continue
            truth = joints[row[k]].astype(np.float32)
            px = (truth[:, :2] / truth[:, 2:]) @ np.diag(intrinsics[:2]) + intrinsics[2:]
            counted = reprojection_px[row[k]] < AGREE_PX
            counted &= counted.sum() >= ENOUGH
            yield Sample(
                f"{k:05d}", image, "right", intrinsics, px.astype(np.float32), truth,
                joints_counted=counted, time_s=k / fps,
            )  # fmt: skip

    return SampleSet("stereo", len(row), read, fps / every, metric=False)


DATA_SET = DataSet("stereo", evaluation=stereo)
