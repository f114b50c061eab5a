"""The square around a hand that the heads are to propose: the first crop that its hand network is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.inference.landmark_runtime import CROP_BOX_JOINTS, CROP_SHIFT, CROP_SPAN
from models.types import Float32, Float64

_PALM = [0, 5, 9, 17]


@dataclass(frozen=True, eq=False)
class Square:
    """Where a hand is in a picture, pixels."""

    palm: Float64  # (2,) the middle of its palm
    centre: Float64  # (2,) of the crop
    side: float  # of the crop
    up: Float64  # (2,) unit vector, wrist -> middle knuckle: the crop's upwards


def square_of(joints_px: Float32) -> Square:
    """As `models.inference.landmark_runtime.crop_hand` cuts it around joints (21, 2), but for perspective."""
    joints = np.asarray(joints_px, np.float64)
    up = joints[9] - joints[0]
    length = float(np.linalg.norm(up))
    up = up / length if length > 1e-9 else np.array([0.0, -1.0])
    axes = np.array([[-up[1], up[0]], -up])  # the crop's right and down
    boxed = joints[list(CROP_BOX_JOINTS)] @ axes.T
    low, high = boxed.min(0), boxed.max(0)
    side = max(float((high - low).max()), 1e-3)
    centre = ((low + high) / 2 - [0, CROP_SHIFT * side]) @ axes
    return Square(joints[_PALM].mean(0), centre, CROP_SPAN * side, up)
