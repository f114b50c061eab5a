"""Tang, Wang, Fu: Towards Accurate Alignment in Real-time 3D Hand-Mesh Reconstruction (ICCV 2021).

Three stages: joints and a segmentation from the image; a rough mesh from joint features and shallow image
features; an offset mesh from what the image shows at each rough vertex, by graph convolution.

The paper's network gives image coordinates and depth, (u, v, z), and takes the camera from the data set. Here
two more numbers are learnt, so that a crop alone gives metres: s, the width of the crop at the wrist's depth,
and k, one over that depth; a point lies at ((u, v) - 1/2) s (1 + k z).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.hand.hand_data import HandData
from models.networks.declaration import Network, NetworkSize, Schedule, freihand_steps
from models.networks.encoders.resnet import ResNet
from models.networks.layers.graph import GINBlock, GINConv, GINResBlock, neighbour_table
from models.networks.layers.lixel import LixelAxis, LixelDepth, widen_1d
from models.networks.network import HandScores, NetworkOutput, check_crops, root_relative
from models.types import N_JOINTS, N_VERTICES

DEPTH_RANGE_M = 0.24
"""Depth bins reach this far before and behind the wrist: beyond the length of a long hand."""
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_C_JOINT, _C_SHALLOW = 64, 64  # channels of F_j and F_l
_NEAREST = 0.1  # of the wrist's depth: nothing is taken to be nearer to the camera
_OFFSET_SCALE = 0.05  # offsets start small: the graph network is made for small values (section 4.4)


@dataclass(frozen=True)
class TangConfig:
    """Sizes of the three stages."""

    depth: int = 50  # ResNet of both encoders: 50 as in the paper, 18 for CPUs
    width: int = 256  # channels of deconvolutions and lixel heads
    input_size: int = 256  # side of the crop, pixels; a multiple of 32
    cut: bool = True  # leave out segmentation and joint branches when not training (the paper's scissors)

    def __post_init__(self) -> None:
        if self.input_size % 32 or self.input_size < 64:
            raise ValueError(f"input_size: expected a multiple of 32 from 64 on, got {self.input_size}")


def _deconv(c_in: int, c_out: int) -> nn.Sequential:
    conv = nn.ConvTranspose2d(c_in, c_out, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU())


def _conv(c_in: int, c_out: int, kernel: int = 3) -> nn.Sequential:
    conv = nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU())


class Segmentation(nn.Module):
    """The decoder half of a U-Net on the image encoder's maps: (B, 1, 128, 128) logits."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        widths, c = (256, 128, 64, 64), channels[-1]
        steps = []
        for skip, width in zip(channels[-2::-1], widths, strict=True):
            steps.append(_conv(c + skip, width))
            c = width
        self.steps = nn.ModuleList(steps)
        self.last = nn.Conv2d(c, 1, 1)

    def forward(self, maps: tuple[Tensor, ...]) -> Tensor:
        x = maps[-1]
        for step, skip in zip(self.steps, maps[-2::-1], strict=True):
            x = step(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        return self.last(x)


class JointHead(nn.Module):
    """J of eq. 1: x and y from lines of F_j, z from the pooled F_I."""

    def __init__(self, c_image: int, width: int) -> None:
        super().__init__()
        self.x = LixelAxis(_C_JOINT, N_JOINTS, width)
        self.y = LixelAxis(_C_JOINT, N_JOINTS, width)
        self.z = LixelDepth(c_image, N_JOINTS, width)

    def forward(self, F_j: Tensor, F_I: Tensor) -> Tensor:
        """-> (B, 21, 3) u, v in 0..1 and z in metres."""
        z = (2 * self.z(F_I.mean((2, 3))) - 1) * DEPTH_RANGE_M
        return torch.stack([self.x(F_j.mean(2)), self.y(F_j.mean(3)), z], -1)


class MeshStage(nn.Module):
    """Fuses F_j and F_l, encodes them to F_g, and reads the rough mesh from its lines."""

    def __init__(self, config: TangConfig) -> None:
        super().__init__()
        self.fuse = _conv(_C_JOINT + _C_SHALLOW, 64)
        self.encoder = ResNet(config.depth, c_in=64, stem=False)
        c, w = self.encoder.channels[-1], config.width
        # F_g is 8 x 8; lines of 8 become the 64 bins by three 1D deconvolutions, far cheaper than 2D ones.
        self.lines = nn.ModuleList(
            nn.Sequential(widen_1d(c, w), widen_1d(w, w), widen_1d(w, w)) for _ in range(2)
        )
        self.axes = nn.ModuleList(LixelAxis(w, N_VERTICES, w) for _ in range(2))
        self.z = LixelDepth(c, N_VERTICES, w)

    def forward(self, F_j: Tensor, F_l: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """-> rough mesh (B, 778, 3) u, v, z; the joint encoder's first map; F_g, pooled."""
        first = self.fuse(torch.cat([F_j, F.max_pool2d(F_l, 3, 2, 1)], 1))
        F_g = self.encoder(first)[-1]
        u, v = (
            axis(line(F_g.mean(along)))
            for axis, line, along in zip(self.axes, self.lines, (2, 3), strict=True)
        )
        pooled = F_g.mean((2, 3))
        z = (2 * self.z(pooled) - 1) * DEPTH_RANGE_M
        return torch.stack([u, v, z], -1), first, pooled


class RefineStage(nn.Module):
    """Local feature projection, global feature broadcast, graph network -> offset mesh (Figure 4)."""

    def __init__(self, neighbours: Tensor, c_global: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(c_global, c_global // 4)
        c_local = 3 + _C_SHALLOW + 64
        self.graph = nn.Sequential(
            GINBlock(neighbours, 3 + c_local + c_global // 4, 256, 128),
            *(GINResBlock(neighbours, 128) for _ in range(3)),
            GINConv(neighbours, 128, 32, 3),  # offsets may be negative: no ReLU after the last one
        )

    def forward(self, rough: Tensor, maps: tuple[Tensor, ...], F_g: Tensor) -> Tensor:
        """rough (B, 778, 3) u, v, z; maps to sample; F_g (B, C) -> offsets of u, v, z."""
        place = torch.cat([2 * rough[..., :2] - 1, rough[..., 2:] / DEPTH_RANGE_M], -1)
        grid = place[:, :, None, :2]
        local = [F.grid_sample(m, grid, align_corners=False)[..., 0].transpose(1, 2) for m in maps]
        everywhere = self.reduce(F_g)[:, None].expand(-1, rough.shape[1], -1)
        offset = self.graph(torch.cat([place, *local, everywhere], -1)) * _OFFSET_SCALE
        return offset * offset.new_tensor([1, 1, DEPTH_RANGE_M])


def uvz_to_metres(uvz: Tensor, view: Tensor) -> Tensor:
    """(B, N, 3) u, v (0..1), z (metres from the wrist's depth) -> metres from the axis at that depth.

    view: (B, 2) = s (metres), k (1 / metres), see the module's text.
    """
    z = uvz[..., 2:]
    return torch.cat([(uvz[..., :2] - 0.5) * _width_at(z, view), z], -1)


def metres_to_uv(points: Tensor, view: Tensor) -> Tensor:
    """The inverse of uvz_to_metres, (B, N, 2)."""
    return points[..., :2] / _width_at(points[..., 2:], view) + 0.5


def _width_at(z: Tensor, view: Tensor) -> Tensor:
    """(B, N, 1) width of the crop, metres, at depth z from the wrist's; never at or behind the camera."""
    return view[:, None, :1] * (1 + view[:, None, 1:] * z).clamp_min(_NEAREST)


class Tang(nn.Module):
    """(B, 3, S, S) RGB, 0..1, S = 256 -> NetworkOutput with the rough mesh and the mesh in the image."""

    mean: Tensor
    std: Tensor
    regressor: Tensor

    def __init__(self, config: TangConfig, hand: HandData) -> None:
        super().__init__()
        self.config, self.input_size = config, config.input_size
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(_IMAGENET_STD)[:, None, None], persistent=False)
        self.register_buffer("regressor", torch.from_numpy(hand.regressor_21.copy()), persistent=False)
        w = config.width
        self.image_encoder = ResNet(config.depth)
        c = self.image_encoder.channels[-1]
        self.joint_decoder = nn.Sequential(_deconv(c, w), _deconv(w, w), _deconv(w, w), _conv(w, _C_JOINT))
        self.joint_head = JointHead(c, w)
        self.segmentation = Segmentation(self.image_encoder.channels)
        self.mesh_stage = MeshStage(config)
        self.refine_stage = RefineStage(neighbour_table(hand.faces, N_VERTICES), c)
        self.view_head = nn.Linear(c, 2)
        self.scores = HandScores(c)

    def forward(self, crops: Tensor) -> NetworkOutput:
        check_crops(crops, self.input_size)
        normalised = (crops - self.mean) / self.std
        maps = self.image_encoder(normalised)
        F_l, F_I = maps[0], maps[-1]
        F_j = self.joint_decoder(F_I)
        M_r, first, F_g = self.mesh_stage(F_j, F_l)
        M_f = M_r + self.refine_stage(M_r, (normalised, F_l, first), F_g)
        whole = self.training or not self.config.cut

        a = self.view_head(F_g)  # a crop is 11 to 82 cm wide, a hand seldom nearer than 25 cm
        view = torch.stack([0.3 * torch.exp(torch.tanh(a[:, 0])), 4 * torch.sigmoid(a[:, 1])], 1)
        points = uvz_to_metres(M_f, view)
        vertices, joints = root_relative(points, self.regressor)
        rough, _ = root_relative(uvz_to_metres(M_r, view), self.regressor)
        presence, handedness = self.scores(F_I.mean((2, 3)))
        return NetworkOutput(
            joints_2d=metres_to_uv(self.regressor @ points, view),
            vertices_m=vertices,
            joints_m=joints,
            presence_logit=presence,
            handedness_logit=handedness,
            silhouette_logit=self.segmentation(maps) if whole else None,
            vertices_2d=M_f[..., :2],
            rough_vertices_m=rough,
            rough_vertices_2d=M_r[..., :2],
            joints_uvz=self.joint_head(F_j, F_I) if whole else None,
        )


_SETTINGS = {
    "optimiser": "adam",
    "learning_rate": 1e-4,
    "decay": "steps",
    "lr_milestones": (0.4, 0.8),
    "batch": 64,
    "steps": freihand_steps(25, 64),
    "validate_every": 1000,
}
_SCHEDULES = (Schedule("tang", "tang", _SETTINGS),)


def _network(name: str, config: TangConfig, size: NetworkSize) -> Network:
    return Network(name, Tang, config, size, _SCHEDULES, encoders=("image_encoder", "mesh_stage.encoder"))


NETWORKS = (
    _network("tang-18", TangConfig(depth=18, width=128), NetworkSize(256, 5868.7, 29.21)),
    _network("tang-50", TangConfig(), NetworkSize(256, 13763.6, 84.60)),
)
