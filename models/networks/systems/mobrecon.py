"""MobRecon: Mobile-Friendly Hand Mesh Reconstruction from Monocular Image (Chen et al., CVPR 2022).

2D encoding (stacked encoder -> F^e, 2D joints L^p), feature lifting (pose pooling F^p, PVL F^mini_v), 3D
decoding (spiral decoder -> V), with every choice that the paper's Tables 1, 2 and 4 compare.

Measured at 128 x 128 (paper in brackets), Mult-Adds / parameters:

    DenseStack + DSConv        439.4 M (439.9) / 8.1 M (8.1)
    DenseStack + SpiralConv++  579.0 M (579.4) / 8.9 M (9.0)
    GhostStack + DSConv        122.9 M (123.5) / 5.1 M (5.3)
    GhostStack + SpiralConv++  262.5 M (263.1) / 6.0 M (6.2)

Beyond the paper: presence and handedness, two numbers read from the pooled F^e.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.networks.declaration import Network, NetworkSize, Schedule, freihand_steps
from models.networks.encoders.densestack import densestack
from models.networks.encoders.ghoststack import ghoststack
from models.networks.encoders.resnetstack import resnetstack
from models.networks.encoders.stack import C_OUT, Encoding, StackedEncoder
from models.networks.layers.heads import HeatmapHead, MapReg, RegressionHead
from models.networks.layers.lifting import PVL, LatentLifting, grid_pooling, joint_pooling
from models.networks.layers.mesh import SpiralDecoder
from models.networks.layers.spiral import DSConv, SpiralConv, SpiralConvPP, SpiralLayer
from models.networks.mesh.topology import pyramid_of
from models.networks.network import HandScores, NetworkOutput, RootRelative, check_crops
from models.types import N_JOINTS

EncoderName = Literal["densestack", "ghoststack", "resnet18", "resnet34", "resnet50"]


@dataclass(frozen=True)
class LiftingConfig:
    """From a crop to features of the 49 coarsest vertices: what MobRecon and M3DHMR share."""

    encoder: EncoderName = "densestack"  # Table 1
    joints_2d: Literal["heatmap", "softargmax", "regression", "mapreg"] = "mapreg"  # Table 2, L^p or H^p
    skip: bool = True  # Table 2: skip sums on the heatmaps' way up
    lifting: Literal["grid", "joint", "latent"] = "grid"  # Table 2: grid or joint-wise pooling + PVL, or FC
    input_size: int = 128  # side of the crop, pixels; a multiple of 32
    C_e: int = 256  # channels of the encoding F^e

    def __post_init__(self) -> None:
        if self.input_size % 32 or self.input_size < 64:
            raise ValueError(f"input_size: expected a multiple of 32 from 64 on, got {self.input_size}")
        if self.lifting == "joint" and self.joints_2d != "heatmap":
            raise ValueError(f"lifting 'joint' pools with heatmaps: joints_2d is {self.joints_2d!r}")
        if not self.skip and self.joints_2d not in ("heatmap", "softargmax"):
            raise ValueError(f"skip=False is for heatmaps: joints_2d is {self.joints_2d!r}")


@dataclass(frozen=True)
class MobReconConfig:
    """One MobRecon."""

    lift: LiftingConfig = LiftingConfig()
    decoder: Literal["dsconv", "spiral++", "spiral"] = "dsconv"  # Table 4; "spiral" is the LSTM's SpiralConv
    S: int = 9  # spiral length
    D: tuple[int, int, int, int] = (256, 128, 64, 32)  # decoder widths, coarse to fine


SPIRAL_LAYERS: dict[str, SpiralLayer] = {"dsconv": DSConv, "spiral++": SpiralConvPP, "spiral": SpiralConv}


def make_encoder(name: EncoderName, C_e: int) -> StackedEncoder:
    """A stacked encoder by name."""
    if name == "densestack":
        return densestack(C_e)
    if name == "ghoststack":
        return ghoststack(C_e)
    return resnetstack(int(name.removeprefix("resnet")), C_e)


class Lifted(NamedTuple):
    """What the 2D half hands to a decoder."""

    F_mini_v: Tensor  # (B, 49, C^e) features of the coarsest level's vertices
    L_p: Tensor  # (B, 21, 2) joints, 0..1 of the crop
    heatmaps: Tensor | None  # (B, 21, 32, 32), where the 2D head has them
    early_heatmaps: Tensor | None  # (B, 21, 32, 32) of the first stack, in training
    presence_logit: Tensor  # (B,)
    handedness_logit: Tensor  # (B,)


class FeatureLifting(nn.Module):
    """2D encoding and feature lifting (sections 3.1 and 3.2)."""

    def __init__(self, config: LiftingConfig, v_mini: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = make_encoder(config.encoder, config.C_e)
        self.joints = self._joint_head()
        self.lift = LatentLifting(config.C_e, v_mini) if config.lifting == "latent" else PVL(v_mini)
        self.early = nn.Conv2d(C_OUT, N_JOINTS, 1)  # for training alone: heatmaps of the first stack
        self.scores = HandScores(config.C_e)

    def _joint_head(self) -> nn.Module:
        if self.config.joints_2d == "mapreg":
            return MapReg(self.encoder, cells=(self.config.input_size // 8) ** 2)
        if self.config.joints_2d == "regression":
            return RegressionHead(self.encoder)
        return HeatmapHead(self.encoder, soft=self.config.joints_2d == "softargmax", skip=self.config.skip)

    def forward(self, crops: Tensor) -> Lifted:
        check_crops(crops, self.config.input_size)
        encoding: Encoding = self.encoder(crops)
        F_e = encoding.F_e
        L_p, H_p = self.joints(encoding)
        if self.config.lifting == "latent":
            F_mini_v = self.lift(F_e)
        elif self.config.lifting == "joint":
            F_mini_v = self.lift(joint_pooling(F_e, H_p))
        else:
            F_mini_v = self.lift(grid_pooling(F_e, L_p))
        early = self.early(encoding.first) if self.training else None
        # The maps under a soft-argmax are its logits, not heatmaps: they have no target of their own.
        heatmaps = H_p if self.config.joints_2d == "heatmap" else None
        return Lifted(F_mini_v, L_p, heatmaps, early, *self.scores(F_e.mean((2, 3))))


class MobRecon(nn.Module):
    """(B, 3, 128, 128) RGB, 0..1 -> NetworkOutput."""

    def __init__(self, config: MobReconConfig, hand: HandData) -> None:
        super().__init__()
        self.input_size = config.lift.input_size
        pyramid = pyramid_of(hand)
        layer = SPIRAL_LAYERS[config.decoder]
        self.lifting = FeatureLifting(config.lift, pyramid.sizes[-1])
        head = layer(config.D[-1], 3, pyramid.levels[0].spirals(config.S))
        self.decoder = SpiralDecoder(pyramid, layer, head, config.D, config.S)
        self.root_relative = RootRelative(hand)

    def forward(self, crops: Tensor) -> NetworkOutput:
        lifted: Lifted = self.lifting(crops)
        return mesh_output(lifted, *self.root_relative(self.decoder(lifted.F_mini_v)))


def mesh_output(lifted: Lifted, vertices: Tensor, joints: Tensor) -> NetworkOutput:
    """The 2D half's answers and the decoder's, together."""
    return NetworkOutput(
        joints_2d=lifted.L_p,
        vertices_m=vertices,
        joints_m=joints,
        presence_logit=lifted.presence_logit,
        handedness_logit=lifted.handedness_logit,
        heatmaps=lifted.heatmaps,
        early_heatmaps=lifted.early_heatmaps,
    )


PAPER_SETTINGS: Mapping[str, Any] = {
    "optimiser": "adam",
    "learning_rate": 1e-3,
    "decay": "steps",
    "lr_milestones": (30 / 38,),
    "batch": 32,
    "consistency": 1.0,
    "steps": freihand_steps(38, 32),
    "validate_every": 1000,
}
"""Section 4.1: 38 epochs, a tenth from the 30th on."""

_PRETRAIN_SETTINGS = {
    **PAPER_SETTINGS,
    "lr_milestones": (0.25, 0.5, 0.75),
    "batch": 128,
    "consistency": 0.0,
    "steps": freihand_steps(80, 128),
}
_SCHEDULES = (
    Schedule("mobrecon", "mobrecon", PAPER_SETTINGS),
    Schedule("mobrecon-pretrain", "encoder", _PRETRAIN_SETTINGS),
)


def _network(name: str, encoder: EncoderName, size: NetworkSize) -> Network:
    config = MobReconConfig(LiftingConfig(encoder))
    return Network(name, MobRecon, config, size, _SCHEDULES, encoders=("lifting.encoder",))


NETWORKS = (
    _network("mobrecon-ghost", "ghoststack", NetworkSize(128, 122.9, 5.12)),
    _network("mobrecon-dense", "densestack", NetworkSize(128, 439.4, 8.08)),
    _network("mobrecon-18", "resnet18", NetworkSize(128, 2416.0, 23.46)),
    _network("mobrecon-34", "resnet34", NetworkSize(128, 3624.0, 43.67)),
    _network("mobrecon-50", "resnet50", NetworkSize(128, 4205.9, 55.57)),
)
