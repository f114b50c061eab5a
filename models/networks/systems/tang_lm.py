"""Tang et al.'s three stages (ICCV 2021) on MediaPipe's landmark network: joint, mesh, refine, in one pass.

Joint stage: the landmark encoder, whose maps take the place of F_l and F_j, and whose heads give J. Mesh
stage: J -> Theta -> the rough mesh M_r (`models.networks.mesh_stage`, taught to keep to J as a fit would,
where it otherwise answers the hand that is most likely). Refine stage: what the picture shows
at each rough vertex moves first the hand model's parameters (a step of which a quarter is taken: all of it
follows drawn hands too far), then, by depth-separable spiral convolutions, single vertices: the offset mesh
M_o. The final mesh M_f = M_r' + M_o lies as the picture shows it, and nothing is fitted afterwards.

Beyond the paper: features are also looked up beside a vertex, across the outline, once for both steps; M_o is
of 195 vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.hand.hand_data import HandData
from models.networks.declaration import MapTeaching, Network, NetworkSize
from models.networks.encoders.landmark_net import FEATURES, INPUT_SIZE, LandmarkOutput
from models.networks.landmark_system import (
    CHANNELS,
    STRIDES,
    LandmarkMaps,
    LandmarkSystem,
    ModelHand,
    Stage,
    Stages,
)
from models.networks.layers.mesh import Upsample
from models.networks.layers.spiral import DSConv
from models.networks.mesh.levels import kept, upsampling_matrix, vertices_at
from models.networks.mesh.topology import MeshPyramid, pyramid_of
from models.networks.mesh_stage import Pose, place, pose_of, project_uv, ranked, theta_of
from models.networks.network import UNIT_M
from models.networks.vertex_look import BESIDE_PX, Look, Seen

Scales = tuple[Tensor, ...] | None

_SLOPE = 0.1
_STEP, _OFFSET_UV, _OFFSET_DEPTH_M = 0.3, 1 / 56, 0.01  # what an answer of one means


@dataclass(frozen=True)
class TangLmConfig:
    """Sizes of the refine stage."""

    token: int = 16  # features kept of a vertex for the parameters' step
    width: int = 512  # neurons of that step
    rank: int = 64  # of its layers
    channels: int = 64  # of the spiral convolutions at 195 vertices
    step: float = 0.25  # how much of the parameters' step is taken when not training
    input_size: int = INPUT_SIZE  # side of the crop; its multiples of 32


def shape_of(X: Tensor, normals: Tensor, uv: Tensor) -> Tensor:
    """(B, 195, 8): where and how vertices X (B, 3, 195), root-relative, lie."""
    return torch.cat([X / UNIT_M, normals, (uv - 0.5) * 4], 1).transpose(1, 2)


def _in_picture(X: Tensor, root: Tensor, focal: Tensor) -> Tensor:
    """As `project_uv`, of rows (B, 3, N), root-relative: (B, 2, N)."""
    X = X + root[:, :, None]
    return X[:, :2] / X[:, 2:].clamp_min(0.03) * focal[:, None, None] + 0.5


class Token(nn.Module):
    """What was seen at each vertex, and how it lies -> a few features."""

    def __init__(self, pyramid: MeshPyramid, width: int) -> None:
        super().__init__()
        places = 1 + len(BESIDE_PX)
        self.finer = nn.Parameter(torch.empty(places, sum(CHANNELS[:2]), width))
        nn.init.normal_(self.finer, std=(places * sum(CHANNELS[:2])) ** -0.5)
        self.coarse, self.lies = nn.Linear(CHANNELS[2], width, bias=False), nn.Linear(8, width)
        self.vertex = nn.Parameter(0.1 * torch.randn(pyramid.sizes[2], width))

    def forward(self, seen: Seen, shape: Tensor, scales: Scales) -> Tensor:
        """(B, 195, width). scales: of the maps' channels that were not scaled yet."""
        f56, f28 = self.finer.split(CHANNELS[:2], 1)
        f14 = self.coarse.weight.T
        if scales is not None:  # constants, when exported
            f56, f28, f14 = (w * s[:, None] for w, s in zip((f56, f28, f14), scales, strict=True))
        found = seen.f56 @ f56.flatten(0, 1) + seen.f28 @ f28.flatten(0, 1) + seen.f14 @ f14
        return F.leaky_relu(found + self.lies(shape) + self.vertex, _SLOPE)

    def own_mult_adds(self, output: Tensor) -> int:
        """Of what was seen; the linear layer counts itself."""
        return output.shape[:2].numel() * (self.finer.numel() + self.coarse.weight.numel())


class ParameterStep(nn.Module):
    """Refine, first step: what the vertices see moves pose and shape."""

    def __init__(self, config: TangLmConfig, pyramid: MeshPyramid, n_theta: int) -> None:
        super().__init__()
        self.token = Token(pyramid, config.token)
        self.a = ranked(pyramid.sizes[2] * config.token + n_theta + 42, config.width, config.rank)
        self.b = ranked(config.width, config.width, config.rank)
        self.out = nn.Linear(config.width, n_theta)
        nn.init.normal_(self.out.weight, std=1e-3)
        nn.init.zeros_(self.out.bias)

    def forward(self, token: Tensor, theta: Tensor, joints_off: Tensor) -> Tensor:
        """token (B, 195, 16), theta (B, 106), joints_off (B, 21, 2) in the picture -> change of theta."""
        x = torch.cat([token.flatten(1), theta, 10 * joints_off.flatten(1)], 1)
        h = F.leaky_relu(self.a(x), _SLOPE)
        h = h + F.leaky_relu(self.b(h), _SLOPE)
        return _STEP * self.out(h)


class OffsetStep(nn.Module):
    """Refine, second step: spiral convolutions on 195, 98 and 49 vertices and back -> M_o."""

    down_98: Tensor
    down_49: Tensor

    def __init__(self, config: TangLmConfig, pyramid: MeshPyramid) -> None:
        super().__init__()
        w, wide = config.channels, 3 * config.channels // 2
        at_195, at_98, at_49 = (pyramid.levels[k].spirals(9) for k in (2, 3, 4))
        self.token = Token(pyramid, w)
        self.down = nn.ModuleList([DSConv(w, w, at_195), DSConv(w, wide, at_98), DSConv(wide, wide, at_49)])
        self.whole = nn.Linear(wide, wide)
        self.up = nn.ModuleList([DSConv(wide, wide, at_98), DSConv(wide + w, w, at_195)])
        self.out = DSConv(w, 3, at_195)
        nn.init.normal_(self.out.W_p.weight, std=1e-3)
        self.up_195, self.up_98 = (Upsample(pyramid.upsamplings[k], saved=False) for k in (2, 3))
        self.register_buffer("down_98", kept(pyramid, 2, 3), persistent=False)
        self.register_buffer("down_49", kept(pyramid, 3, 4), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, 195, w) -> (B, 195, 3): offsets in 56ths of the crop, and in depth, centimetres."""
        x195 = x + F.leaky_relu(self.down[0](x), _SLOPE)
        x98 = F.leaky_relu(self.down[1](x195.index_select(1, self.down_98)), _SLOPE)
        x49 = F.leaky_relu(self.down[2](x98.index_select(1, self.down_49)), _SLOPE)
        x49 = x49 + self.whole(x49.mean(1))[:, None]
        x98 = x98 + F.leaky_relu(self.up[0](self.up_98(x49)), _SLOPE)
        x195 = F.leaky_relu(self.up[1](torch.cat([self.up_195(x98), x195], -1)), _SLOPE)
        return self.out(x195)


class TangLm(LandmarkSystem):
    """(B, 3, S, S) RGB, 0..1, S the configuration's input_size, and the crops' focal lengths -> NetworkOutput
    with the rough mesh."""

    knows_pose = True
    fit_rounds = 0
    mesh_rank = 96
    pick: Tensor
    up: Tensor

    def __init__(self, config: TangLmConfig, hand: HandData) -> None:
        super().__init__(hand, config.input_size)
        self.config, pyramid = config, pyramid_of(hand)
        self.joint_step = nn.Linear(FEATURES, 21 * 2)  # of the joint stage, in closed form from photographs
        nn.init.zeros_(self.joint_step.weight)
        nn.init.zeros_(self.joint_step.bias)
        self.look = Look(pyramid.levels[2], [self.encoder.aside(stride) for stride in STRIDES])
        self.parameter_step = ParameterStep(config, pyramid, 106)
        self.offset_step = OffsetStep(config, pyramid)
        up = upsampling_matrix(pyramid, 0) @ upsampling_matrix(pyramid, 1)
        up = torch.cat([torch.tensor(hand.regressor_21) @ up, up])  # joints are linear in the offsets, too
        self.register_buffer("pick", vertices_at(hand, 2), persistent=False)
        self.register_buffer("up", up, persistent=False)  # (21 + 778, 195)

    def joints_in_picture(self, joints_2d: Tensor, landmarks: LandmarkOutput) -> Tensor:
        """The encoder's, moved to where several views of a photograph would have them. The mesh stage, which
        learnt from the encoder's own, keeps those."""
        return joints_2d + self.joint_step(landmarks.features.f7.mean((2, 3))).unflatten(1, (21, 2))

    def decoded(self, maps: LandmarkMaps, joints_2d: Tensor, joints_m: Tensor, focal: Tensor) -> Stages:
        """As `LandmarkSystem.decoded`: what is looked up is scaled, not whole maps."""
        return self.decode(maps, joints_2d, joints_m, focal, scales=self.map_scales)

    def decode(
        self,
        maps: LandmarkMaps,
        joints_2d: Tensor,
        joints_m: Tensor,
        focal: Tensor,
        pose: Pose | None = None,
        vertices: Tensor | None = None,
        scales: Scales = None,
    ) -> Stages:
        """As `LandmarkSystem.decode`. M_o is of 195 vertices. scales: of maps that were not scaled."""
        skin = self.mesh_stage.skinning
        pose = self.start(joints_2d, joints_m, focal) if pose is None else pose
        theta = theta_of(pose)
        X, J_w, turns = skin.whole(pose.R, pose.betas, self.pick)
        J_r = J_w - J_w[:, :1]
        root_r = place(J_r, joints_2d, focal, rounds=1)
        rough = Stage(self.mesh_stage.mesh(pose, vertices)[0], J_r, root_r)
        with torch.no_grad():  # a look-up learns from where it looks, not to look elsewhere
            X, normals = X - J_w[:, 0, :, None], self.look.turned(turns)
            uv = _in_picture(X, root_r, focal)
            seen, shape = self.look(maps, uv, normals), shape_of(X, normals, uv)
            off = joints_2d - project_uv(J_r + root_r[:, None], focal)
        step = self.parameter_step(self.parameter_step.token(seen, shape, scales), theta, off)
        whole = None
        if self.training:
            whole = self.posed(pose_of(self._moved(theta, step)), joints_2d, focal, vertices)
        pose = pose_of(self._moved(theta, self.config.step * step.detach()))
        wanted = None if vertices is None else torch.cat([self.pick, vertices])
        X, J_p, turns = skin.whole(pose.R, pose.betas, wanted)
        X, J = X - J_p[:, 0, :, None], J_p - J_p[:, :1]
        root = place(J, joints_2d, focal, near=root_r)
        n = len(self.pick)
        wanted_X = X if vertices is None else X[..., n:]
        posed = Stage(wanted_X.transpose(1, 2), J, root)
        X, turns = (x.index_select(2, self.pick) if vertices is None else x[..., :n] for x in (X, turns))
        with torch.no_grad():
            uv = _in_picture(X, root, focal)
            shape = shape_of(X, self.look.turned(turns), uv)
        said = self.offset_step(self.offset_step.token(seen, shape, scales))
        depth = X[:, 2, :, None] + root[:, None, 2:]
        offset = torch.cat(
            [
                said[..., :2] * _OFFSET_UV * depth / focal[:, None, None],
                said[..., 2:] * _OFFSET_DEPTH_M,
            ],
            -1,
        )
        up = self.up if vertices is None else torch.cat([self.up[:21], self.up[21:][vertices]])
        J_o, M_o = (offset.transpose(1, 2) @ up.T).tensor_split((21,), 2)  # rows are long: the faster
        M_f = (wanted_X + M_o - J_o[..., :1]).transpose(1, 2)
        J_f = J + (J_o - J_o[..., :1]).transpose(1, 2)
        final = Stage(M_f, J_f, place(J_f, joints_2d, focal, near=root))
        wrist = M_o.mean(2) - J_o[..., 0] - J_p[:, 0]  # so that the model lies amid the mesh
        return Stages(rough, whole or posed, final, offset, ModelHand(pose, wrist))

    def _moved(self, theta: Tensor, step: Tensor) -> Tensor:
        betas = self.mesh_stage.sized(theta[:, 96:] + step[:, 96:])
        return torch.cat([theta[:, :96] + step[:, :96], betas], 1)


NETWORKS = (
    Network(
        "tang_lm",
        TangLm,
        TangLmConfig(),
        NetworkSize(224, 298.0, 2.67),
        schedules=(),  # its decoder learns from cached maps
        encoders=(),
        encoder_of="mobrecon_lm",
        on_maps=MapTeaching(learns=("parameter_step", "offset_step"), level=2),
    ),
    # The same on smaller crops: that encoder was taught to see what the one above sees.
    Network(
        "tang_lm_192",
        TangLm,
        TangLmConfig(input_size=192),
        NetworkSize(192, 222.4, 2.67),
        schedules=(),
        encoders=(),
        encoder_of="mobrecon_lm_192",
        decoder_of="tang_lm",
        scores_of="mobrecon_lm",
    ),
)
