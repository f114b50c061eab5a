"""What `tang_lm` says of one hand in several crops, all of them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.geometry import project
from models.inference import runtime
from models.tracking.registration import recover_root
from models.types import Crop, Float32


class MeshLooks:
    """The mean of the network's meshes."""

    def __init__(self) -> None:
        """Raises FileNotFoundError where it has no weights."""
        self._net = runtime.load("tang_lm")

    def __call__(self, crops: Sequence[Crop]) -> tuple[Float32, Float32]:
        """Its vertices (778, 2) and joints (21, 2) in the first of the crops, 0..1 from border to border."""
        first = crops[0]
        answers = [self._net(c.image_rgb, c.camera.fx / c.camera.width) for c in crops]
        turned = [a.in_camera_axes(c) for a, c in zip(answers, crops, strict=True)]
        vertices, joints = (np.mean([t[k] for t in turned], 0) @ first.A.T for k in (0, 1))
        root = recover_root(joints, answers[0].joints_2d_px, first.camera)
        at = [(project(p + root, first.camera) + 0.5) / first.camera.width for p in (vertices, joints)]
        return at[0].astype(np.float32), at[1].astype(np.float32)
