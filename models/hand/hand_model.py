"""The parametric hand in torch: pose and shape in, mesh and joints out, differentiable, like smplx.

hand = HandModel(load_open_hand())
out = hand(pose, betas, translation)  # out.vertices (B, 778, 3), out.joints (B, 21, 3), metres
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from models.hand.hand_data import N_BETAS, N_BONES, HandData, load_mano
from models.types import Handedness


@dataclass(frozen=True)
class HandOutput:
    """Posed hands in the frame of the translation, metres."""

    vertices: Tensor  # (B, 778, 3)
    joints: Tensor  # (B, 21, 3) the project's joints, wrist first


def rotation_matrices(axis_angle: Tensor) -> Tensor:
    """(..., 3) axis-angle, radians -> (..., 3, 3) rotations (Rodrigues), with exact derivatives at zero."""
    x, y, z = axis_angle.unbind(-1)
    o = torch.zeros_like(x)
    K = torch.stack([o, -z, y, z, o, -x, -y, x, o], -1).unflatten(-1, (3, 3))
    square = (axis_angle**2).sum(-1)[..., None, None]
    near = square < 1e-6  # the series is exact to double precision there, and has no 0 / 0
    angle = torch.where(near, torch.ones_like(square), square).sqrt()
    s = torch.where(near, 1 - square / 6, torch.sin(angle) / angle)
    # (1 - cos) / angle^2 without the cancellation of small angles
    c = torch.where(near, 0.5 - square / 24, 2 * (torch.sin(angle / 2) / angle) ** 2)
    return torch.eye(3, dtype=K.dtype, device=K.device) + s * K + c * (K @ K)


class HandModel(nn.Module):
    """Linear blend skinning of one hand, on whatever device and in whatever precision it is moved to.

    A left hand is the right one mirrored in x; its pose is given as a left hand's own rotations, so a hand
    and its mirror image have axis-angles (x, y, z) and (x, -y, -z).
    """

    template: Tensor
    shape_dirs: Tensor
    pose_dirs: Tensor | None
    joints_rest: Tensor
    joint_dirs: Tensor
    weights: Tensor
    regressor_21: Tensor
    faces: Tensor
    mirror: Tensor

    def __init__(self, data: HandData, handedness: Handedness = "right") -> None:
        super().__init__()
        if handedness not in ("right", "left"):
            raise ValueError(f"handedness: expected 'right' or 'left', got {handedness!r}")
        self.data, self.handedness = data, handedness
        self.parents = data.parents.tolist()

        def keep(name: str, array: object) -> None:
            # Not weights of a network: they come from the hand's own file and stay out of checkpoints.
            self.register_buffer(name, None if array is None else torch.tensor(array), persistent=False)

        keep("template", data.template_m)
        keep("shape_dirs", data.shape_dirs)
        keep("pose_dirs", data.pose_dirs)
        keep("joints_rest", data.joints_rest)
        keep("joint_dirs", data.joint_dirs)
        keep("weights", data.weights)
        keep("regressor_21", data.regressor_21)
        keep("faces", data.faces_left if handedness == "left" else data.faces)
        keep("mirror", [-1.0 if handedness == "left" else 1.0, 1.0, 1.0])

    @classmethod
    def from_mano(cls, path: str | Path, handedness: Handedness = "right") -> HandModel:
        """The model of the user's MANO_RIGHT.pkl; see `load_mano` for what it refuses."""
        return cls(load_mano(path), handedness)

    def forward(self, pose: Tensor, betas: Tensor, translation: Tensor) -> HandOutput:
        """Hands in the frame of `translation`.

        pose: (B, 16, 3) axis-angle, radians, or (B, 16, 3, 3) rotations; bone 0 is the whole hand about its
        wrist joint, the others turn in their parent's frame. betas: (B, 10). translation: (B, 3) where the
        wrist joint goes, metres.
        """
        if pose.shape[1:] not in ((N_BONES, 3), (N_BONES, 3, 3)):
            raise ValueError(f"pose: expected (B, 16, 3) or (B, 16, 3, 3), got {tuple(pose.shape)}")
        if betas.shape != (len(pose), N_BETAS) or translation.shape != (len(pose), 3):
            raise ValueError(
                f"expected betas ({len(pose)}, {N_BETAS}) and translation ({len(pose)}, 3), "
                f"got {tuple(betas.shape)} and {tuple(translation.shape)}"
            )
        R = rotation_matrices(pose) if pose.dim() == 3 else pose
        R = self.mirror[:, None] * R * self.mirror  # M R M: the right hand whose mirror image this is
        rest = self.template + torch.einsum("bk,kvx->bvx", betas, self.shape_dirs)
        joints = self.joints_rest + torch.einsum("bk,kjx->bjx", betas, self.joint_dirs)
        if self.pose_dirs is not None:
            eye = torch.eye(3, dtype=R.dtype, device=R.device)
            rest = rest + torch.einsum("bp,pvx->bvx", (R[:, 1:] - eye).flatten(1), self.pose_dirs)
        turned, moved = [R[:, 0]], [torch.zeros_like(joints[:, 0])]
        for j in range(1, N_BONES):
            parent = self.parents[j]
            bone = (joints[:, j] - joints[:, parent])[..., None]
            moved.append(moved[parent] + (turned[parent] @ bone)[..., 0])
            turned.append(turned[parent] @ R[:, j])
        G = torch.stack(turned, 1)
        offset = torch.stack(moved, 1) - (G @ joints[..., None])[..., 0]
        blend = torch.einsum("vj,bjxy->bvxy", self.weights, G)
        vertices = (blend @ rest[..., None])[..., 0] + self.weights @ offset
        vertices = vertices * self.mirror + translation[:, None]
        return HandOutput(vertices, self.regressor_21 @ vertices)
