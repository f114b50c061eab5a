"""Our own real validation: held-out crops with 2D labels, a clip seen by two cameras, a hand held still."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from models.datasets.real_crops import read_arrays, read_real_crops
from models.datasets.samples import Sample, SampleSet, require, stills
from models.geometry import camera_from_fov

AGREE_PX = 4.0
"""A joint of the clip counts where both cameras agree on it within this, mean over the two views."""
ENOUGH = 8  # joints that must count in a frame, or none of it does


def crops(folder: Path, every: int = 1) -> SampleSet:
    """The held-out part of a folder of real crops (`models.datasets.real_crops`): 2D joints, no camera.

    Its labels are MediaPipe's, kept where the mirrored photo gave the same: on these crops MediaPipe is
    judged by itself. Raises ValueError in one line.
    """
    labels = read_real_crops(folder)
    rows = np.flatnonzero(labels.held_out)
    if len(rows) == 0:
        raise ValueError(f"{folder}: none of its {len(labels.image)} crops is held out; give a larger folder")

    def get(k: int) -> Sample:
        row = rows[k]
        side = "left" if labels.side[row] == "left" else "right"
        name = str(labels.image[row])
        return Sample(name, folder / name, side, None, labels.joints_2d_px[row], None)  # type: ignore[arg-type]

    return stills("crops", len(rows), get, every)


def stereo(folder: Path, every: int = 1) -> SampleSet:
    """A clip with triangulated joints: FOLDER/cam0.mp4 and reference.npz.

    reference.npz: `frame` (N,), `joints_3d` (N, 21, 3) metres in camera 0's frame, `reprojection_px`
    (N, 21), `K0` (3, 3). Its scale is an assumption: compare after alignment. Raises ValueError in one line.
    """
    advice = "give a folder with cam0.mp4 and reference.npz"
    clip, path = require(folder / "cam0.mp4", advice), require(folder / "reference.npz", advice)
    names = ("frame", "joints_3d", "reprojection_px", "K0")
    frame, joints, reprojection_px, K = read_arrays(path, names)
    shapes = [array.shape for array in (frame, joints, reprojection_px, K)]
    if shapes != [(len(frame),), (len(frame), 21, 3), (len(frame), 21), (3, 3)]:
        raise ValueError(f"{path}: {', '.join(names)} have the shapes {shapes}; {advice}")
    intrinsics = (float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2]))
    fps = _fps(clip)
    row = {int(f): i for i, f in enumerate(frame) if f % every == 0}

    def read() -> Iterator[Sample]:
        for k, image in _pictures(clip):
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


def still(clip: Path, every: int = 1) -> SampleSet:
    """A video of one hand held still: nothing is known but that what moves is a model's own doing.

    clip: FILE, or FILE:FROM-TO or FILE:FROM- for a part of it, seconds. Raises ValueError in one line.
    """
    file, start_s, end_s = _part(clip)
    fps = _fps(file)

    def chosen() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        last = end_s * fps - 0.5
        begun = takewhile(lambda picture: picture[0] < last, _pictures(file))
        return ((k, image) for k, image in begun if k >= start_s * fps - 0.5 and k % every == 0)

    count = sum(1 for _ in chosen())
    if count < 3:
        raise ValueError(f"{clip}: {count} frames there; an acceleration takes three, give a longer part")

    def read() -> Iterator[Sample]:
        for k, image in chosen():
            camera = camera_from_fov(image.shape[1], image.shape[0])
            intrinsics = (camera.fx, camera.fy, camera.cx, camera.cy)
            yield Sample(f"{k:05d}", image, "right", intrinsics, None, None, time_s=k / fps)

    return SampleSet("still", count, read, fps / every)


def _part(clip: Path) -> tuple[Path, float, float]:
    """The file, from and to, seconds. Raises ValueError where there is no such file."""
    named = re.fullmatch(r"(.+):(\d+\.?\d*)-(\d+\.?\d*)?", str(clip))
    if named is not None and not clip.exists():
        clip = Path(named[1])
        start_s, end_s = float(named[2]), float(named[3] or "inf")
    else:
        start_s, end_s = 0.0, float("inf")
    if not clip.is_file():
        raise ValueError(f"{clip} is not a file; give a video, or VIDEO:FROM-TO in seconds")
    return clip, start_s, end_s


def _pictures(clip: Path) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    try:
        with av.open(str(clip)) as container:
            for k, picture in enumerate(container.decode(video=0)):
                yield k, np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
    except av.FFmpegError as error:
        raise ValueError(f"{clip} breaks off ({error.strerror}); copy it again") from error


def _fps(clip: Path) -> float:
    try:
        with av.open(str(clip)) as container:
            return float(container.streams.video[0].average_rate or 30)
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"{clip} is not a video that can be read; copy it again") from error
