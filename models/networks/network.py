"""The one interface of all networks: a batch of crops in, NetworkOutput out.

A crop is (B, 3, S, S) RGB, 0..1, S the network's `input_size`: the picture of a virtual camera that looks at
a right hand (`models.types.Crop`). Its frame is that camera's: x right, y down, z forward, metres.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from models.hand.hand_data import HandData

UNIT_M = 0.1
"""Decoders answer in this unit, metres: a hand's coordinates are then of the order of one."""


@dataclass(frozen=True)
class NetworkOutput:
    """What a network says about B crops. Root-relative: seen from the wrist, joint 0, in the crop's frame.

    What a system does not have is None.
    """

    joints_2d: Tensor  # (B, 21, 2) in the crop, 0 its left or upper border, 1 its right or lower one
    vertices_m: Tensor  # (B, 778, 3) root-relative, metres
    joints_m: Tensor  # (B, 21, 3) root-relative, metres; linear in the vertices
    presence_logit: Tensor  # (B,) sigmoid: the chance that there is a hand
    handedness_logit: Tensor  # (B,) sigmoid: the chance that the hand shown is a right one
    heatmaps: Tensor | None = None  # (B, 21, H, H) one map per joint, peak 1
    early_heatmaps: Tensor | None = None  # the same from an earlier stack, to be supervised too
    silhouette_logit: Tensor | None = None  # (B, 1, H, H) sigmoid: the chance that a pixel is hand
    joints_uvz: Tensor | None = None  # (B, 21, 3) a joint branch's own: as joints_2d; z metres from the wrist
    vertices_2d: Tensor | None = None  # (B, 778, 2) in the crop, as joints_2d
    rough_vertices_m: Tensor | None = None  # (B, 778, 3) before refinement, root-relative, metres
    rough_vertices_2d: Tensor | None = None  # (B, 778, 2) the same in the crop
    pose: Tensor | None = None  # (B, 16, 3) axis-angle of the hand model
    betas: Tensor | None = None  # (B, 10) shape of the hand model
    rotations: Tensor | None = (
        None  # (B, 16, 3, 3) its bones', each in its parent's frame, the wrist's in the crop's
    )
    wrist_m: Tensor | None = None  # (B, 3) its wrist joint, root-relative, metres
    camera: Tensor | None = None  # (B, 3) weak perspective s, tx, ty: joints_2d = s (xy_m + t)

    def named(self) -> dict[str, Tensor]:
        """The outputs there are, by name, in the order of the fields."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: value for name, value in pairs if value is not None}


@dataclass(frozen=True)
class JointsOutput:
    """What a network says about B crops to those who want no mesh of it; as in NetworkOutput."""

    joints_2d: Tensor  # (B, 21, 2)
    joints_m: Tensor  # (B, 21, 3)
    presence_logit: Tensor  # (B,)
    handedness_logit: Tensor  # (B,)


@runtime_checkable
class SeesJoints(Protocol):
    """A network whose joints the hand model is fitted to: the app asks nothing else of it."""

    def joints_only(self, crops: Tensor) -> JointsOutput:
        """(B, 3, S, S) RGB, 0..1 -> its joints, without the work that only a mesh needs."""


def check_crops(crops: Tensor, size: int) -> None:
    """Raise ValueError unless crops are (B, 3, size, size)."""
    if crops.shape[1:] != (3, size, size):
        raise ValueError(f"crops: expected (B, 3, {size}, {size}) RGB in 0..1, got {tuple(crops.shape)}")


def root_relative(vertices: Tensor, regressor: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 778, 3) vertices anywhere -> vertices and (B, 21, 3) joints, both seen from the wrist.

    regressor: (21, 778), rows sum to 1.
    """
    joints = regressor @ vertices
    root = joints[:, :1]
    return vertices - root, joints - root


class RootRelative(nn.Module):
    """(B, 778, 3) decoded vertices, unit UNIT_M -> root-relative vertices and 21 joints, metres."""

    regressor: Tensor

    def __init__(self, hand: HandData) -> None:
        super().__init__()
        regressor = torch.from_numpy(hand.regressor_21.copy())
        self.register_buffer("regressor", regressor, persistent=False)  # the hand's, not learnt

    def forward(self, decoded: Tensor) -> tuple[Tensor, Tensor]:
        return root_relative(decoded * UNIT_M, self.regressor)


class HandScores(nn.Module):
    """(B, C) pooled features -> presence and handedness logits, (B,) each."""

    def __init__(self, c_in: int) -> None:
        super().__init__()
        self.linear = nn.Linear(c_in, 2)

    def forward(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.linear(pooled)
        return scores[:, 0], scores[:, 1]


def crop_px_to_unit(joints_px: Tensor, size: int) -> Tensor:
    """Pixels, whose centres are at integers, -> 0..1 from border to border."""
    return (joints_px + 0.5) / size
