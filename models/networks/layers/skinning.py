"""Linear blend skinning of the hand model by rotations, laid out for networks: batched, exact, exportable.

`models.hand.hand_model` takes any hand and any pose; this one is for a decoder's inner loop. Bones are turned
five fingers at a time, and the 21 joints come in closed form (as in `models.hand.articulation`), without the
mesh: regression and skinning are both linear in the vertices.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from models.hand.hand_data import N_BETAS, N_BONES, HandData


def rotations_from_6d(x: Tensor) -> Tensor:
    """(..., 6) two columns, neither unit nor orthogonal -> (..., 3, 3) rotations (Zhou et al. 2019)."""
    return orthogonal(x)


def orthogonal(x: Tensor) -> Tensor:
    """As `rotations_from_6d`. Numbers of one kind stay together, which takes few steps."""
    ax, ay, az, bx, by, bz = x.unbind(-1)
    n = (ax * ax + ay * ay + az * az).sqrt().clamp_min(1e-12)
    ax, ay, az = ax / n, ay / n, az / n
    along = ax * bx + ay * by + az * bz
    bx, by, bz = bx - along * ax, by - along * ay, bz - along * az
    n = (bx * bx + by * by + bz * bz).sqrt().clamp_min(1e-12)
    bx, by, bz = bx / n, by / n, bz / n
    cx, cy, cz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return torch.stack([ax, bx, cx, ay, by, cy, az, bz, cz], -1).unflatten(-1, (3, 3))


class HandSkinning(nn.Module):
    """Rotations and betas -> vertices and the 21 joints, seen from the wrist joint, metres."""

    template: Tensor
    shapes: Tensor
    weights: Tensor
    bones: Tensor
    bone_dirs: Tensor
    joint_parts: Tensor
    joint_weights: Tensor
    along: Tensor

    def __init__(self, hand: HandData) -> None:
        """Raises ValueError for a hand with pose correctives, which this leaves out."""
        if hand.pose_dirs is not None:
            raise ValueError("skinning in a network: the hand model has pose correctives; take the open hand")
        super().__init__()

        def keep(name: str, array: object) -> None:
            tensor = torch.tensor(np.asarray(array), dtype=torch.float32)
            self.register_buffer(name, tensor, persistent=False)  # the hand's, not learnt

        reg, W = hand.regressor_21.astype(np.float64), hand.weights.astype(np.float64)
        shaped = np.concatenate([hand.template_m[None], hand.shape_dirs])
        # Joint i is the sum over bones j of G_j a_ij + b_ij offset_j; a is linear in (1, betas).
        a = np.einsum("iv,vj,lvx->ljix", reg, W, shaped, optimize=True)
        keep("template", hand.template_m)
        keep("shapes", hand.shape_dirs)
        keep("weights", hand.weights)
        keep("bones", hand.joints_rest)
        keep("bone_dirs", hand.joint_dirs.reshape(N_BETAS, -1))
        keep("joint_parts", a.reshape(1 + N_BETAS, -1))
        keep("joint_weights", reg @ W)
        keep("along", np.tril(np.ones((3, 3))))

    def forward(self, R: Tensor, betas: Tensor, vertices: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """R: (B, 16, 3, 3) of each bone in its parent's frame, the wrist's in the crop's. betas: (B, 10).

        vertices: which ones are wanted; None: all 778. Returns (B, V, 3) and (B, 21, 3), from joint 0.
        """
        posed, joints = self.from_wrist(R, betas, vertices)
        return posed - joints[:, :1], joints - joints[:, :1]

    def from_wrist(self, R: Tensor, betas: Tensor, vertices: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The same, seen from where the wrist bone turns: joint 0 lies a little beside it."""
        posed, joints, _ = self.whole(R, betas, vertices)
        return posed.transpose(1, 2), joints

    def whole(
        self, R: Tensor, betas: Tensor, vertices: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same by rows: vertices (B, 3, V), joints (B, 21, 3), and what turns each vertex, (B, 9, V): the
        first column of its blended matrix, the second, the third."""
        template, shapes, weights = self.template, self.shapes, self.weights
        if vertices is not None:
            template, shapes, weights = template[vertices], shapes[:, vertices], weights[vertices]
        flat = shapes.transpose(1, 2).flatten(1)  # x of all vertices, then y, then z: wide rows are fast
        x, y, z = (template.T + (betas @ flat).unflatten(1, (3, -1))).unsqueeze(2).unbind(1)
        bones = self.bones + (betas @ self.bone_dirs).unflatten(1, (-1, 3))
        turned, moved = self._chain(R, bones)
        offset = moved - (turned * bones[:, :, None]).sum(-1)
        columns = torch.cat([turned.permute(0, 3, 2, 1).flatten(1, 2), offset.transpose(1, 2)], 1)
        maps = columns @ weights.T  # (B, 12, V)
        posed = maps[:, 0:3] * x + maps[:, 3:6] * y + maps[:, 6:9] * z + maps[:, 9:]
        parts = self.joint_parts[0] + betas @ self.joint_parts[1:]
        parts = parts.unflatten(1, (N_BONES, 21, 3)) @ turned.transpose(2, 3)
        joints = parts.sum(1) + self.joint_weights @ offset
        return posed, joints, maps[:, :9]

    def _chain(self, R: Tensor, bones: Tensor) -> tuple[Tensor, Tensor]:
        """Each bone's rotation and position in the wrist's frame: (B, 16, 3, 3), (B, 16, 3)."""
        local, wrist = R[:, 1:].unflatten(1, (5, 3)), R[:, :1]
        rotation, rotations = wrist.expand(-1, 5, -1, -1), []
        for k in range(3):  # along all five fingers at once
            rotation = rotation @ local[:, :, k]
            rotations.append(rotation)
        turned = torch.stack(rotations, 2)  # (B, 5, 3, 3, 3)
        parents = torch.cat([wrist[:, None].expand(-1, 5, -1, -1, -1), turned[:, :, :2]], 2)
        centres = bones[:, 1:].unflatten(1, (5, 3))
        before = torch.cat([bones[:, None, :1].expand(-1, 5, -1, -1), centres[:, :, :2]], 2)
        steps = (parents * (centres - before)[..., None, :]).sum(-1)
        moved = self.along @ steps  # summed up along each finger
        still = torch.zeros_like(bones[:, :1])
        return torch.cat([wrist, turned.flatten(1, 2)], 1), torch.cat([still, moved.flatten(1, 2)], 1)
