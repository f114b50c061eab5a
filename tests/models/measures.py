"""What tests measure hands by, and the program itself does not need."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.geometry import procrustes
from models.types import Float64


def pa_mpjpe(predicted: ArrayLike, target: ArrayLike) -> float:
    """Mean per-joint error after similarity alignment, in the unit of the input. (N, 3) each."""
    s, R, t = procrustes(predicted, target)
    aligned = s * np.asarray(predicted, np.float64) @ R.T + t
    return float(np.linalg.norm(aligned - np.asarray(target, np.float64), axis=-1).mean())


def rotations_to_angles(rotations: ArrayLike, frames: Float64) -> Float64:
    """(15, 3, 3) rotations of the finger joints -> (15, 3) flexion, abduction, twist, radians.

    The inverse of `angles_to_rotations` while abduction stays within 90 degrees.
    """
    M = frames.transpose(0, 2, 1) @ np.asarray(rotations, np.float64) @ frames
    return np.stack(
        [
            np.arctan2(-M[:, 1, 2], M[:, 2, 2]),
            np.arcsin(M[:, 0, 2].clip(-1, 1)),
            np.arctan2(-M[:, 0, 1], M[:, 0, 0]),
        ],
        -1,
    )
