"""Stereo Hand Pose Tracking Benchmark, STB (Zhang et al., 2016): one left hand, 640 x 480, before six walls.

    FOLDER/labels/B1Counting_BB.mat             handPara (3, 21, N) mm, the left stereo camera's frame
    FOLDER/labels/B1Counting_SK.mat             the same in the depth camera's frame
    FOLDER/images/B1Counting/BB_left_0.png      the left stereo picture; SK_color_0.png the RGB-D camera's
                                                (the folders B1Counting … may also stand in FOLDER itself)

Joints: middle of the palm, then little finger to thumb, each from palm to tip. There is no wrist: as in the
literature it is taken as far beyond the palm's middle as the ring finger's knuckle is before it. The usual
test split is B1Counting and B1Random. Cameras are those of the authors' documentation.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from models.datasets.entry import DataSet
from models.datasets.samples import Sample, SampleSet, points, require, stills
from models.geometry import project, rotation_from_axis_angle
from models.types import Camera

_STEREO = Camera(822.79041, 822.79041, 318.47345, 250.31296, 640, 480)
_COLOR = Camera(607.92271, 607.88192, 314.78337, 236.42484, 640, 480)
_R_DEPTH_COLOR = rotation_from_axis_angle([0.00531, -0.01196, 0.00301])
_T_DEPTH_COLOR_MM = np.array([-24.0381, -0.4563, -1.2326])
_BACKGROUNDS = {"evaluation": (1,), "training": (2, 3, 4, 5, 6)}
_RING_KNUCKLE = 13
_UNFIT = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    NotImplementedError,
    EOFError,
    MemoryError,
    ArithmeticError,
)
_ADVICE = "give STB's folder, which holds labels/B1Counting_BB.mat and images/B1Counting"


def stb(folder: Path, split: Literal["evaluation", "training"] = "evaluation", every: int = 1) -> SampleSet:
    """STB's samples, of whichever of the two cameras there are labels.

    Raises ValueError in one line when files are missing or malformed.
    """
    images = folder / "images" if (folder / "images").is_dir() else folder
    require(folder / "labels", _ADVICE)
    frames: list[tuple[Path, Camera, np.ndarray]] = []
    for background in _BACKGROUNDS[split]:
        for pose in ("Counting", "Random"):
            for kind, camera, stem in (("BB", _STEREO, "BB_left"), ("SK", _COLOR, "SK_color")):
                path = folder / "labels" / f"B{background}{pose}_{kind}.mat"
                if not path.exists():
                    continue
                joints = _joints_m(path, of_depth=kind == "SK")
                pictures = images / f"B{background}{pose}"
                frames += [(pictures / f"{stem}_{k}.png", camera, j) for k, j in enumerate(joints)]
    if not frames:
        raise ValueError(f"{folder / 'labels'}: no labels of the {split} split; {_ADVICE}")

    def get(k: int) -> Sample:
        image, camera, joints = frames[k]
        name = f"{image.parent.name}/{image.stem}"
        px = project(joints, camera).astype(np.float32)
        return Sample(name, image, "left", (camera.fx, camera.fy, camera.cx, camera.cy), px, joints)

    return stills("stb", len(frames), get, every)


def _joints_m(path: Path, of_depth: bool) -> np.ndarray:
    """(N, 21, 3) our joints, metres, in the frame of the camera whose pictures are read."""
    from scipy.io import loadmat  # not needed by any other command
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path)["handPara"]
    except (MatReadError, zlib.error, *_UNFIT) as error:
        raise ValueError(f"{path} can't be read ({error or type(error).__name__}); {_ADVICE}") from error
    mm = points(content, (3, 21, np.shape(content)[-1] if np.ndim(content) else 0), f"{path}, handPara")
    p = np.moveaxis(mm, 2, 0).swapaxes(1, 2).astype(np.float64)
    if of_depth:
        p = (p - _T_DEPTH_COLOR_MM) @ _R_DEPTH_COLOR
    ours = np.concatenate([p[:, :1], p[:, 1:].reshape(len(p), 5, 4, 3)[:, ::-1].reshape(len(p), 20, 3)], 1)
    ours[:, 0] = 2 * ours[:, 0] - ours[:, _RING_KNUCKLE]
    return (ours / 1000).astype(np.float32)


DATA_SET = DataSet(
    "stb",
    evaluation=lambda folder, every: stb(folder, "evaluation", every),
    training=lambda folder: stb(folder, "training"),
)
