"""What the papers' systems share on MediaPipe's landmark network: its maps, its joints, and a rough hand.

The encoder looks at the crop once. Its 21 joints give a rough hand: the mesh stage's, brought back to the
joints by the learnt fit (`models.networks.mesh_stage`, `models.networks.joint_fit`; both learn from poses
alone), or that of a mesh stage that keeps to the joints by itself. A system's decoder starts from that hand
and from the maps, so that it needs little data, and says how the hand truly is. One pass, and no hand model
fitted behind it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.geometry import TYPICAL_FOCAL
from models.hand.hand_data import HandData
from models.networks.encoders.landmark_net import INPUT_SIZE, LandmarkFeatures, LandmarkNet, LandmarkOutput
from models.networks.joint_fit import JointFit, JointFitConfig, goal_of, joints_of
from models.networks.mesh_stage import MeshStage, MeshStageConfig, Pose, place, project_uv
from models.networks.network import NetworkOutput, check_crops

CHANNELS = (24, 40, 112)
"""Of the maps at 56, 28 and 14."""
STRIDES = (4, 8, 16)
"""Pixels of the crop from one of their cells to the next."""
POOLED = sum(CHANNELS) + 2 * sum(CHANNELS[:2])
"""Features of a joint in `pose_pooling`."""
_BEYOND = [9, *(i if i % 4 == 0 else i + 1 for i in range(1, 21))]
_BEFORE = [0, *(0 if i % 4 == 1 else i - 1 for i in range(1, 21))]
"""Between which joints the finger runs at each joint; at the wrist, the palm."""


class LandmarkMaps(NamedTuple):
    """The encoder's maps, finest first. In Tang's words F_l and F_j, in MobRecon's F^e."""

    f56: Tensor  # (B, 24, 56, 56)
    f28: Tensor  # (B, 40, 28, 28)
    f14: Tensor  # (B, 112, 14, 14)


class Stage(NamedTuple):
    """A mesh as one stage leaves it. V vertices are those that were asked for."""

    vertices: Tensor  # (B, V, 3) root-relative, metres
    joints: Tensor  # (B, 21, 3) root-relative, metres
    root: Tensor  # (B, 3) the wrist in the crop camera's frame, metres


class ModelHand(NamedTuple):
    """The hand model nearest to a mesh: what exports and filters take, who need bones."""

    pose: Pose
    wrist: Tensor  # (B, 3) the wrist joint, root-relative, metres


class Stages(NamedTuple):
    """What a decoder starts from, and what it makes of it."""

    rough: Stage
    posed: Stage | None  # between the two, where a decoder has such a stage that is taught, too
    final: Stage
    offset: Tensor | None  # (B, V', 3) of single vertices, metres; V' as its `MapTeaching` says
    model: ModelHand | None = None  # of the final mesh, where the decoder knows it


class LandmarkSystem(nn.Module):
    """(B, 3, S, S) RGB, 0..1, S its input_size, and focal lengths -> NetworkOutput with the rough mesh.

    A system adds its decoder's modules, and `decode`.
    """

    takes_focal = True
    knows_pose = False  # whether `decode` answers the hand model of its mesh
    mesh_rank: int | None = None  # of the mesh stage's square layers
    fit_rounds = 3  # of the learnt fit; 0: the mesh stage is taught to keep to the joints itself
    map_scale_56: Tensor
    map_scale_28: Tensor
    map_scale_14: Tensor

    def __init__(self, hand: HandData, input_size: int = INPUT_SIZE) -> None:
        """input_size: the crop's side; a system of another than 224 says where it looks in the maps."""
        super().__init__()
        self.input_size = input_size
        self.encoder = LandmarkNet(input_size)
        self.mesh_stage = MeshStage(MeshStageConfig(rank=self.mesh_rank), hand)
        if self.fit_rounds:
            self.joint_fit = JointFit(JointFitConfig(rounds=self.fit_rounds))
        rest = hand.regressor_21 @ hand.template_m
        self.palm_m = float(np.linalg.norm(rest[9] - rest[0]))
        for side, channels in zip((56, 28, 14), CHANNELS, strict=True):  # set once, from what was cached
            self.register_buffer(f"map_scale_{side}", torch.ones(channels))

    def forward(self, crops: Tensor, focal: Tensor | None = None) -> NetworkOutput:
        """focal: (B,) of the crops' cameras, in crop widths; None: a hand at arm's length."""
        check_crops(crops, self.input_size)
        maps = LandmarkMaps(*self.encoder.early_maps(crops))
        f7 = self.encoder.late(maps.f14)
        landmarks = self.encoder.answer(LandmarkFeatures(maps.f28, maps.f14, f7))
        if focal is None:
            focal = crops.new_full((len(crops),), TYPICAL_FOCAL)
        joints_2d, joints_m = joints_of(landmarks.joints_px, landmarks.joints_world_m, self.palm_m)
        stages = self.decoded(maps, joints_2d, joints_m, focal)
        return NetworkOutput(
            joints_2d=self.joints_in_picture(joints_2d, landmarks),
            vertices_m=stages.final.vertices,
            joints_m=stages.final.joints,
            presence_logit=landmarks.presence_logit,
            handedness_logit=landmarks.handedness_logit,
            rough_vertices_m=stages.rough.vertices,
            vertices_2d=project_uv(stages.final.vertices + stages.final.root[:, None], focal),
            rotations=None if stages.model is None else stages.model.pose.R,
            betas=None if stages.model is None else stages.model.pose.betas,
            wrist_m=None if stages.model is None else stages.model.wrist,
        )

    def joints_in_picture(self, joints_2d: Tensor, landmarks: LandmarkOutput) -> Tensor:
        """(B, 21, 2), 0..1 of the crop, as they are reported. joints_2d: as the encoder says them."""
        return joints_2d

    def scaled(self, maps: LandmarkMaps) -> LandmarkMaps:
        """The maps, each channel of the order of one."""
        return LandmarkMaps(*(m * s[:, None, None] for m, s in zip(maps, self.map_scales, strict=True)))

    @property
    def map_scales(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of each channel of the maps."""
        return self.map_scale_56, self.map_scale_28, self.map_scale_14

    def decoded(self, maps: LandmarkMaps, joints_2d: Tensor, joints_m: Tensor, focal: Tensor) -> Stages:
        """`decode`, of maps as the encoder gives them."""
        return self.decode(self.scaled(maps), joints_2d, joints_m, focal)

    def start(self, joints_2d: Tensor, joints_m: Tensor, focal: Tensor) -> Pose:
        """The rough hand's: the mesh stage's, brought nearer to the joints that were seen."""
        pose: Pose = self.mesh_stage(joints_2d, joints_m, focal)
        if not self.fit_rounds:
            return pose
        _, J = self.mesh_stage.mesh(pose, self.joint_fit.one)
        goal = goal_of(J, joints_2d, joints_m, focal)
        found: Pose = self.joint_fit(self.mesh_stage, pose, goal, joints_2d, focal)
        return found

    def posed(self, pose: Pose, joints_2d: Tensor, focal: Tensor, vertices: Tensor | None = None) -> Stage:
        """The hand model in a pose, placed where its joints come nearest to those that were seen."""
        V, J = self.mesh_stage.mesh(pose, vertices)
        return Stage(V, J, place(J, joints_2d, focal))

    def decode(
        self,
        maps: LandmarkMaps,
        joints_2d: Tensor,
        joints_m: Tensor,
        focal: Tensor,
        pose: Pose | None = None,
        vertices: Tensor | None = None,
    ) -> Stages:
        """From scaled maps and joints to the meshes. pose: to start from; None: `start`. vertices: which of
        the 778 are wanted; None: all."""
        raise NotImplementedError


def sample(m: Tensor, uv: Tensor) -> Tensor:
    """Maps (B, C, H, W) at (B, N, 2), 0..1 of the crop -> (B, N, C)."""
    found = F.grid_sample(m, uv[:, None] * 2 - 1, align_corners=False, padding_mode="border")
    return found[:, :, 0].transpose(1, 2)


def pose_pooling(maps: LandmarkMaps, joints_2d: Tensor, beside_px: float) -> Tensor:
    """F^p (B, 21, POOLED): the maps at the joints (B, 21, 2), 0..1 of the crop, and the finer two on both
    sides of each bone, beside_px pixels of the map at 56 away, where a finger's outline is."""
    along = joints_2d[:, _BEYOND] - joints_2d[:, _BEFORE]
    along = along / along.norm(dim=-1, keepdim=True).clamp_min(1e-2)
    across = torch.stack([-along[..., 1], along[..., 0]], -1) * (beside_px / 56)
    found = [sample(m, joints_2d) for m in maps]
    for side in (across, -across):
        found += [sample(m, joints_2d + side) for m in maps[:2]]
    return torch.cat(found, -1)
