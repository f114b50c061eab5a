"""Which way each finger joint bends, and how far.

Each of the 15 finger joints has an orthonormal frame in the rest pose, columns flexion axis, abduction axis
and twist axis; a joint's rotation is F Rx(flexion) Ry(abduction) Rz(twist) F^T. Positive flexion bends
towards the palm, positive abduction leans towards the thumb's side (the thumb: out of the palm), twist turns
about the bone. Angles count from the rest pose, in radians; joints are bones 1..15 of `HandData`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.geometry import rotation_from_axis_angle
from models.hand.hand_data import TIPS_IN_21, HandData
from models.types import Float64

N_FINGER_JOINTS = 15
INDEX_MCP, MIDDLE_MCP, LITTLE_MCP = 4, 7, 13  # among the 16 bones

# How far each finger's flexion axis is rolled about its bone from the line across the palm, degrees. Fingers
# that bend converge on the scaphoid, so index and little lean in; the thumb closes across the palm. The
# values are read off the open hand's nails.
_ROLL_DEG = np.repeat([-75.0, -12.0, 0.0, 8.0, 16.0], 3)

# Range from the straight finger, degrees, as (flexion, abduction, twist), each from - to. Flexion: active,
# Hume et al. 1990 (J. Hand Surg. 15A) or AAOS 1965, whichever is wider, with the hyperextension that pressing
# against a table gives. Abduction: fingers from the middle metacarpal's line; the thumb's base from AAOS, its
# twist as it goes with opposition (Cooney et al. 1981, J. Bone Joint Surg. 63A).
_CLINICAL_DEG = np.array(
    [
        [(-20, 40), (0, 75), (-20, 35)],  # thumb: base, knuckle, end
        [(-20, 60), (-10, 10), (0, 0)],
        [(-25, 85), (0, 0), (0, 0)],
        [(-30, 100), (-15, 30), (0, 0)],  # index
        [(-5, 110), (0, 0), (0, 0)],
        [(-10, 90), (0, 0), (0, 0)],
        [(-30, 100), (-22, 20), (0, 0)],  # middle
        [(-5, 110), (0, 0), (0, 0)],
        [(-10, 90), (0, 0), (0, 0)],
        [(-30, 100), (-32, 12), (0, 0)],  # ring
        [(-5, 110), (0, 0), (0, 0)],
        [(-10, 90), (0, 0), (0, 0)],
        [(-35, 100), (-48, 8), (0, 0)],  # little
        [(-5, 110), (0, 0), (0, 0)],
        [(-10, 90), (0, 0), (0, 0)],
    ],
    np.float64,
)
# What the open hand's rest pose, slightly curled and spread, already holds of it.
_REST_DEG = np.array(
    [
        *[(0, 40, 0), (17, 0, 0), (14, 0, 0)],
        *[(13, 9, 0), (15, 0, 0), (2, 0, 0)],
        *[(16, -7, 0), (9, 0, 0), (12, 0, 0)],
        *[(14, -17, 0), (11, 0, 0), (6, 0, 0)],
        *[(18, -25, 0), (13, 0, 0), (0, 0, 0)],
    ],
    np.float64,
)

LIMITS_DEG: Float64 = _CLINICAL_DEG - _REST_DEG[..., None]
"""(15, 3, 2) least and greatest flexion, abduction and twist of each finger joint from rest, degrees."""


def anatomical_frames(data: HandData) -> Float64:
    """(15, 3, 3) rotations; columns are each finger joint's flexion, abduction and twist axis at rest."""
    joints = data.joints_rest.astype(np.float64)
    tips = (data.regressor_21_mano[TIPS_IN_21] @ data.template_m).astype(np.float64)
    ends = np.roll(joints[1:], -1, axis=0)  # the next joint, or the tip
    ends[2::3] = tips
    twist = ends - joints[1:]
    twist /= np.linalg.norm(twist, axis=1, keepdims=True)
    dorsal = np.cross(joints[MIDDLE_MCP] - joints[0], joints[INDEX_MCP] - joints[LITTLE_MCP])
    across = np.cross(dorsal, twist)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    roll = rotation_from_axis_angle(twist * np.radians(_ROLL_DEG)[:, None])
    flexion = np.einsum("jxy,jy->jx", roll, across)
    return np.stack([flexion, np.cross(twist, flexion), twist], -1)


def angles_to_rotations(angles: ArrayLike, frames: Float64) -> Float64:
    """(..., 15, 3) flexion, abduction, twist, radians -> (..., 15, 3, 3) rotations of the finger joints."""
    a = np.asarray(angles, np.float64)
    x, y, z = (rotation_from_axis_angle(a[..., i, None] * np.eye(3)[i]) for i in range(3))
    return frames @ x @ y @ z @ frames.transpose(0, 2, 1)


def clamp(angles: ArrayLike) -> Float64:
    """(15, 3) angles, radians, brought within `LIMITS_DEG`."""
    low, high = np.moveaxis(np.radians(LIMITS_DEG), -1, 0)
    return np.clip(np.asarray(angles, np.float64), low, high)
