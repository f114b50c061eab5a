"""The one interface of all networks: a batch of crops in, NetworkOutput out.

A crop is (B, 3, S, S) RGB, 0..1, S the network's `input_size`: the picture of a virtual camera that looks at a
right hand (`models.types.Crop`). Its frame is that camera's: x right, y down, z forward, metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class NetworkOutput:
    """What a network says about B crops. Root-relative: seen from the wrist, joint 0, in the crop's frame."""

    joints_2d: Tensor  # (B, 21, 2) in the crop, 0 its left or upper border, 1 its right or lower one
    vertices_m: Tensor  # (B, 778, 3) root-relative, metres
    joints_m: Tensor  # (B, 21, 3) root-relative, metres
    presence_logit: Tensor  # (B,) sigmoid: the chance that there is a hand
    handedness_logit: Tensor  # (B,) sigmoid: the chance that the hand shown is a right one
    heatmaps: Tensor | None = None  # (B, 21, H, H) one map per joint
    silhouette_logit: Tensor | None = None  # (B, 1, H, H) sigmoid: the chance that a pixel is hand
    vertices_2d: Tensor | None = None  # (B, 778, 2) in the crop, as joints_2d
    rough_vertices_m: Tensor | None = None  # (B, 778, 3) before refinement, root-relative, metres
    pose: Tensor | None = None  # (B, 16, 3) axis-angle of the hand model
    betas: Tensor | None = None  # (B, 10) shape of the hand model
    camera: Tensor | None = None  # (B, 3) weak perspective s, tx, ty: joints_2d = s (xy_m + t)


class HandNetwork(Protocol):
    """A torch module with this shape of call."""

    input_size: int

    def __call__(self, image: Tensor) -> NetworkOutput: ...


def root_relative(vertices: Tensor, regressor: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 778, 3) vertices anywhere -> vertices and (B, 21, 3) joints, both seen from the wrist.

    regressor: (21, 778), rows sum to 1.
    """
    joints = torch.einsum("jv,bvc->bjc", regressor, vertices)
    root = joints[:, :1]
    return vertices - root, joints - root


def crop_px_to_unit(joints_px: Tensor, size: int) -> Tensor:
    """Pixels, whose centres are at integers, -> 0..1 from border to border."""
    return (joints_px + 0.5) / size
