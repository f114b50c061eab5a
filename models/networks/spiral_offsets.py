"""A spiral decoder that says how each vertex lies from a rough mesh: MobRecon's and M3DHMR's share it.

The encoder's 21 joints take the place of MapReg's L^p: features are pooled there (MobRecon, eq. 2), on the
maps at 56, 28 and 14, and beside the joints, across the bones, where a finger's outline is. They are lifted
to the 49 coarsest vertices (PVL, eq. 3) and decoded by spiral convolutions up to 778 vertices.

Beyond the papers, so that a few thousand steps on a CPU teach it: the decoder starts from a rough mesh that
the joints give (`models.networks.landmark_system`), and at 195 vertices it sees the maps where that mesh
lies. Early maps show a joint without the rest of the hand, which the papers' 4 x 4 encoding knows: two layers
tell each joint of the others.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.hand.hand_data import HandData
from models.networks.landmark_system import (
    CHANNELS,
    POOLED,
    LandmarkMaps,
    LandmarkSystem,
    Stage,
    Stages,
    pose_pooling,
    sample,
)
from models.networks.layers.lifting import PVL
from models.networks.layers.mesh import SpiralDecoder
from models.networks.layers.spiral import SpiralLayer
from models.networks.mesh.levels import vertices_at
from models.networks.mesh.topology import pyramid_of
from models.networks.mesh_stage import Pose, place, project_uv
from models.networks.network import UNIT_M

LEARNS = ("embed", "joint", "whole", "back", "pvl", "vertex", "look", "decoder")
"""What cached maps teach it."""
UNTAUGHT_STD = 3e-3
"""Of the weights of a decoder's last layer: untaught, it answers the rough mesh."""
_SLOPE = 0.1
_BESIDE_PX = 2.0  # of the map at 56: how far beside a joint is looked, too
_OFFSET_UV, _OFFSET_DEPTH_M = 1 / 56, 0.01  # what an answer of one means


class _SeeingDecoder(SpiralDecoder):
    """The spiral decoder that is shown something at 195 vertices."""

    def forward(self, f: Tensor, seen: Tensor | None = None) -> Tensor:
        """f: (B, 49, D[0]); seen: (B, 195, D[1])."""
        for k, (up, conv) in enumerate(zip(self.up, self.conv, strict=True)):
            f = conv(up(f))
            if k == 1 and seen is not None:
                f = f + seen
            f = F.leaky_relu(f, _SLOPE)
        return self.head(f)


class SpiralOffsets(LandmarkSystem):
    """(B, 3, 224, 224) RGB, 0..1, and the crops' focal lengths -> NetworkOutput with the rough mesh."""

    pick: Tensor
    faces: Tensor
    around: Tensor
    regressor: Tensor

    def __init__(
        self, hand: HandData, D: tuple[int, ...], whole: int, S: int, layer: SpiralLayer, head: nn.Module
    ) -> None:
        """D: decoder widths, coarse to fine. whole: features of the hand as a whole. S: spiral length. head:
        (B, 778, D[-1]) -> three numbers a vertex."""
        super().__init__(hand)
        pyramid = pyramid_of(hand)
        self.embed = nn.Linear(POOLED + 10, D[0])
        self.joint = nn.Parameter(0.1 * torch.randn(21, D[0]))
        self.whole = nn.Linear(21 * D[0], whole)
        self.back = nn.Linear(whole, 21 * D[0])
        self.pvl = PVL(pyramid.sizes[-1])
        self.vertex = nn.Parameter(0.1 * torch.randn(pyramid.sizes[-1], D[0]))
        self.look = nn.Linear(sum(CHANNELS) + 8, D[1])
        self.decoder = _SeeingDecoder(pyramid, layer, head, D, S)
        nn.init.normal_(self.pvl.M_l, std=21**-0.5)
        faces = torch.from_numpy(pyramid.levels[2].faces.astype(np.int64))
        around = torch.zeros(pyramid.sizes[2], len(faces))
        for corner in range(3):
            around[faces[:, corner], torch.arange(len(faces))] = 1.0
        for name, value in {
            "pick": vertices_at(hand, 2),
            "faces": faces,
            "around": around,
            "regressor": torch.from_numpy(hand.regressor_21.copy()),
        }.items():
            self.register_buffer(name, value, persistent=False)

    def decode(
        self,
        maps: LandmarkMaps,
        joints_2d: Tensor,
        joints_m: Tensor,
        focal: Tensor,
        pose: Pose | None = None,
        vertices: Tensor | None = None,
    ) -> Stages:
        """As `LandmarkSystem.decode`. The offset is of all 778 vertices."""
        rough = self.posed(self.start(joints_2d, joints_m, focal) if pose is None else pose, joints_2d, focal)
        F_p = self.pool(maps, rough, joints_2d, joints_m, focal)
        F_v = self.pvl(F_p) + self.vertex
        said = self.decoder(F_v, self.look(self.seen(maps, rough, focal)))
        depth = rough.vertices[..., 2:] + rough.root[:, None, 2:]
        aside = said[..., :2] * _OFFSET_UV * depth / focal[:, None, None]
        offset = torch.cat([aside, said[..., 2:] * _OFFSET_DEPTH_M], -1)
        V = rough.vertices + offset
        J = rough.joints + self.regressor @ offset
        V, J = V - J[:, :1], J - J[:, :1]
        final = Stage(V, J, place(J, joints_2d, focal))
        if vertices is not None:
            rough = rough._replace(vertices=rough.vertices[:, vertices])
            final = final._replace(vertices=V[:, vertices])
        return Stages(rough, None, final, offset)

    def pool(
        self, maps: LandmarkMaps, rough: Stage, joints_2d: Tensor, joints_m: Tensor, focal: Tensor
    ) -> Tensor:
        """F^p (B, 21, D[0]): the maps at and beside the joints, and where the joints are."""
        off = joints_2d - project_uv(rough.joints + rough.root[:, None], focal)
        features = pose_pooling(maps, joints_2d, _BESIDE_PX)
        places = [(joints_2d - 0.5) * 2, joints_m / UNIT_M, rough.joints / UNIT_M, 10 * off]
        x = F.leaky_relu(self.embed(torch.cat([features, *places], -1)) + self.joint, _SLOPE)
        h = F.leaky_relu(self.whole(x.flatten(1)), _SLOPE)
        return F.leaky_relu(x + self.back(h).unflatten(1, (21, -1)), _SLOPE)

    def seen(self, maps: LandmarkMaps, rough: Stage, focal: Tensor) -> Tensor:
        """(B, 195, .): the maps where the rough mesh lies, and how it lies there."""
        V = rough.vertices[:, self.pick]
        uv = project_uv(V + rough.root[:, None], focal)
        a, b, c = (V.index_select(1, self.faces[:, k]) for k in range(3))
        N = F.normalize(self.around @ torch.linalg.cross(b - a, c - a), dim=-1, eps=1e-9)
        return torch.cat([*(sample(m, uv) for m in maps), V / UNIT_M, N, (uv - 0.5) * 4], -1)
