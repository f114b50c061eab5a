"""Linear blend skinning in NumPy: the hand model without torch, for the live path."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.hand.hand_data import N_BONES, HandData
from models.types import Float32


def pose_hand(
    data: HandData, rotations: ArrayLike, betas: ArrayLike, translation_m: ArrayLike
) -> tuple[Float32, Float32]:
    """A posed right hand: vertices (778, 3) and the project's 21 joints (21, 3), float32, metres.

    rotations: (16, 3, 3) of each bone in its parent's frame, the wrist's in the camera frame. betas: (10,).
    translation_m: (3,) where the wrist joint goes.
    """
    R = np.asarray(rotations, np.float32)
    b = np.asarray(betas, np.float32)
    vertices = data.template_m + np.tensordot(b, data.shape_dirs, 1)
    joints = data.joints_rest + np.tensordot(b, data.joint_dirs, 1)
    if data.pose_dirs is not None:
        vertices += np.tensordot((R[1:] - np.eye(3, dtype=np.float32)).ravel(), data.pose_dirs, 1)
    turned, moved = np.empty((N_BONES, 3, 3), np.float32), np.empty((N_BONES, 3), np.float32)
    turned[0], moved[0] = R[0], translation_m
    for j, parent in enumerate(data.parents.tolist()[1:], 1):
        turned[j] = turned[parent] @ R[j]
        moved[j] = moved[parent] + turned[parent] @ (joints[j] - joints[parent])
    offset = moved - np.einsum("jxy,jy->jx", turned, joints)
    blend = data.weights @ np.concatenate([turned.transpose(0, 2, 1).reshape(N_BONES, 9), offset], 1)
    posed = blend[:, 9:]
    for axis in range(3):
        posed = posed + vertices[:, axis, None] * blend[:, 3 * axis : 3 * axis + 3]
    return posed, data.regressor_21 @ posed
