"""Many hands posed at once: linear blend skinning of a batch, in NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.hand.hand_data import N_BETAS, N_BONES, TIPS_IN_21, HandData
from models.hand.joint_limits import anatomical_frames, angles_to_rotations
from models.types import Float32, Float64


@dataclass(frozen=True)
class PosedHands:
    """B right hands, the wrist joint at the origin, metres."""

    vertices_m: Float32  # (B, 778, 3)
    bones: Float64  # (B, 16, 3, 4) maps of the shaped hand at rest, one for each bone
    centres_m: Float64  # (B, 16, 3) rotation centres
    tips_m: Float64  # (B, 5, 3) ends of the fingers


class Poser:
    """Poses one hand model by the angles of its finger joints."""

    def __init__(self, hand: HandData) -> None:
        if hand.pose_dirs is not None:
            raise ValueError(
                "synthetic hands are drawn without pose correctives, which this hand model has; "
                "draw the open hand"
            )
        self._hand = hand
        self._frames = anatomical_frames(hand)
        self._tips = hand.regressor_21_mano[TIPS_IN_21].argmax(1)

    def __call__(self, angles: Float64, betas: Float64, R_wrist: Float64) -> PosedHands:
        """angles: (B, 15, 3) flexion, abduction, twist, radians. betas: (B, 10). R_wrist: (B, 3, 3)."""
        hand, n = self._hand, len(angles)
        bones, centres = self._bones(angles, betas, R_wrist)
        shaped = (betas.astype(np.float32) @ hand.shape_dirs.reshape(N_BETAS, -1)).reshape(n, -1, 3)
        shaped += hand.template_m
        blend = hand.weights @ bones.reshape(n, N_BONES, 12).astype(np.float32)
        vertices = blend[..., 3::4].copy()
        for axis in range(3):
            vertices += blend[..., axis::4] * shaped[..., axis, None]
        return PosedHands(vertices, bones, centres, vertices[:, self._tips].astype(np.float64))

    def skeletons(self, angles: Float64) -> tuple[Float64, Float64]:
        """(B, 16, 3) rotation centres and (B, 5, 3) fingertips of the mean hand, its wrist not rotated."""
        n, tips = len(angles), self._tips
        bones, centres = self._bones(angles, np.zeros((n, N_BETAS)), np.broadcast_to(np.eye(3), (n, 3, 3)))
        rest = self._hand.template_m[tips]
        ends = bones[:, 3::3]  # a fingertip hangs on its last bone
        return centres, np.einsum("bfij,fj->bfi", ends[..., :3], rest) + ends[..., 3]

    def _bones(self, angles: Float64, betas: Float64, R_wrist: Float64) -> tuple[Float64, Float64]:
        hand, n = self._hand, len(angles)
        local = angles_to_rotations(angles.reshape(n, 15, 3), self._frames)
        rest = hand.joints_rest + np.tensordot(betas, hand.joint_dirs, 1)
        rotations, translations = np.empty((n, N_BONES, 3, 3)), np.zeros((n, N_BONES, 3))
        rotations[:, 0] = R_wrist
        for j, parent in enumerate(hand.parents.tolist()[1:], 1):
            rotations[:, j] = rotations[:, parent] @ local[:, j - 1]
            step = rest[:, j] - rest[:, parent]
            translations[:, j] = translations[:, parent] + (rotations[:, parent] @ step[..., None])[..., 0]
        offset = translations - (rotations @ rest[..., None])[..., 0]
        return np.concatenate([rotations, offset[..., None]], -1), translations
