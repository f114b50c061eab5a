"""Finger joints by the angles that anatomy gives them, in torch: exact, differentiable, exportable.

A finger joint's rotation is F Rx(flexion) Ry(abduction) Rz(twist) F^T (`models.hand.joint_limits`), and most
of the 45 angles are always zero: knuckles flex and abduct, the joints beyond them flex alone.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.hand.joint_limits import LIMITS_DEG, N_FINGER_JOINTS, anatomical_frames

_FREE_RAD = np.radians(0.5)  # an angle of a smaller range is none
_TINY = 1e-4


class Anatomy(nn.Module):
    """Local rotations of the 15 finger joints <-> the angles that are free, radians."""

    frames: Tensor
    frames_back: Tensor
    low: Tensor
    high: Tensor
    spread: Tensor

    def __init__(self, hand: HandData) -> None:
        super().__init__()
        limits = np.radians(LIMITS_DEG).reshape(-1, 2)
        free = np.flatnonzero(limits[:, 1] - limits[:, 0] > _FREE_RAD)
        self.n_free = len(free)
        spread = np.zeros((self.n_free, len(limits)))
        spread[np.arange(self.n_free), free] = 1.0
        frames = anatomical_frames(hand)

        def keep(name: str, array: np.ndarray) -> None:
            self.register_buffer(name, torch.tensor(array, dtype=torch.float32), persistent=False)

        keep("frames", frames)
        keep("frames_back", frames.transpose(0, 2, 1))
        keep("low", limits[free, 0])
        keep("high", limits[free, 1])
        keep("spread", spread)

    def angles(self, R: Tensor) -> Tensor:
        """(B, 15, 3, 3) rotations near those of a hand -> (B, n_free); what no finger can do is left out."""
        L = self.frames_back @ R @ self.frames
        r = (L[..., 1, 2].square() + L[..., 2, 2].square()).clamp_min(_TINY).sqrt()  # cos of the abduction
        sine = torch.stack([-L[..., 1, 2], L[..., 0, 2], -L[..., 0, 1]], -1)
        cosine = torch.stack([r + L[..., 2, 2], 1 + r, r + L[..., 0, 0]], -1)
        whole = 2 * torch.atan(sine / cosine.clamp_min(_TINY))  # of the half angle: no quadrants
        return whole.flatten(1) @ self.spread.T

    def held(self, angles: Tensor) -> Tensor:
        """Angles within the joints' limits. Beyond them nothing is learnt: what may grow there would."""
        return torch.minimum(torch.maximum(angles, self.low), self.high)

    def unlike(self, R: Tensor) -> Tensor:
        """(B, 15, 3, 3) -> (B, 15): how far a rotation is from the nearest that a finger can do, nearly the
        angle's square, radians."""
        nearest = self.rotations(self.held(self.angles(R)))
        return 0.5 * (R - nearest).square().sum((-2, -1))

    def rotations(self, angles: Tensor) -> Tensor:
        """(B, n_free) -> (B, 15, 3, 3)."""
        whole = (angles @ self.spread).unflatten(1, (N_FINGER_JOINTS, 3))
        (sx, sy, sz), (cx, cy, cz) = whole.sin().unbind(-1), whole.cos().unbind(-1)
        rows = [cy * cz, -cy * sz, sy]
        rows += [cx * sz + sx * sy * cz, cx * cz - sx * sy * sz, -sx * cy]
        rows += [sx * sz - cx * sy * cz, sx * cz + cx * sy * sz, cx * cy]
        L = torch.stack(rows, -1).unflatten(-1, (3, 3))
        return self.frames @ L @ self.frames_back
