"""ObMan (Hasson et al., CVPR 2019): rendered right and left hands that hold objects, 256 px.

    FOLDER/test/meta/00000000.pkl       {"coords_2d" (21, 2) pixels, "coords_3d" (21, 3) metres in OpenGL's
                                        camera frame (y up, z backward), "side"; more that isn't read}
    FOLDER/test/rgb/00000000.jpg        the picture
    FOLDER/test/segm/00000000.png       in its blue channel 22 and 24 a right hand, 21 and 23 a left one
    FOLDER/train, FOLDER/val            the same

Joints are in our order; meshes are MANO's and aren't read. One camera took every picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from models.datasets.entry import DataSet
from models.datasets.samples import Sample, SampleSet, points, read_rgb, require, stills
from models.hand.inert_pickle import FAILURES, as_array, load_inert
from models.types import Handedness

_INTRINSICS = (480.0, 480.0, 128.0, 128.0)
_OPENCV = np.array([1.0, -1.0, -1.0], np.float32)
_HAND: dict[Handedness, tuple[int, int]] = {"right": (22, 24), "left": (21, 23)}
_MAX_BYTES = 32 << 20
_ADVICE = "give ObMan's folder, which holds train, val and test with meta and rgb in each"


def obman(folder: Path, split: Literal["train", "val", "test"] = "test", every: int = 1) -> SampleSet:
    """ObMan's samples. Raises ValueError in one line when files are missing or malformed.

    Nothing in its pickles is executed.
    """
    paths = sorted(require(folder / split / "meta", _ADVICE).glob("*.pkl"))
    if not paths:
        raise ValueError(f"{folder / split / 'meta'} holds no .pkl files; {_ADVICE}")

    def get(k: int) -> Sample:
        path = paths[k]
        try:
            meta = load_inert(path, _MAX_BYTES)
            joints, pixels = as_array(meta["coords_3d"]), as_array(meta["coords_2d"])
            handedness: Handedness = {"right": "right", "left": "left"}[meta["side"]]  # type: ignore[assignment]
        except FAILURES as error:
            raise ValueError(
                f"{path}: refused, not ObMan's pickle ({error or type(error).__name__})"
            ) from error
        segments = folder / split / "segm" / f"{path.stem}.png"
        mask = np.isin(read_rgb(segments)[..., 2], _HAND[handedness]) if segments.exists() else None
        return Sample(
            path.stem,
            folder / split / "rgb" / f"{path.stem}.jpg",
            handedness,
            _INTRINSICS,
            points(pixels, (21, 2), f"{path}, coords_2d"),
            points(joints, (21, 3), f"{path}, coords_3d") * _OPENCV,
            mask=mask,
        )

    return stills("obman", len(paths), get, every)


DATA_SET = DataSet(
    "obman",
    evaluation=lambda folder, every: obman(folder, "test", every),
    training=lambda folder: obman(folder, "train"),
)
