"""MobRecon's lifting and decoder (CVPR 2022) on MediaPipe's landmark network: a mesh of its own.

Pose pooling (eq. 2) on maps of three finenesses, pose-to-vertex lifting (eq. 3) and the decoder of depth-
separable spiral convolutions (eq. 7-8), half as wide as the paper's, from a rough mesh on
(`models.networks.spiral_offsets`). `mobrecon_lm`, whose encoder it has, is for its joints alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from models.hand.hand_data import HandData
from models.networks.declaration import MapTeaching, Network, NetworkSize
from models.networks.layers.spiral import DSConv
from models.networks.mesh.topology import pyramid_of
from models.networks.spiral_offsets import LEARNS, UNTAUGHT_STD, SpiralOffsets


@dataclass(frozen=True)
class MobReconMeshLmConfig:
    """Sizes of the lifting and the decoder."""

    S: int = 9  # spiral length
    D: tuple[int, int, int, int] = (128, 64, 32, 32)  # decoder widths, coarse to fine
    whole: int = 256  # features of the hand as a whole


class MobReconMeshLm(SpiralOffsets):
    """(B, 3, 224, 224) RGB, 0..1, and the crops' focal lengths -> NetworkOutput with the rough mesh."""

    fit_rounds = 0  # the mesh stage is `tang_lm`'s, which keeps to the joints itself
    mesh_rank = 96

    def __init__(self, config: MobReconMeshLmConfig, hand: HandData) -> None:
        head = DSConv(config.D[-1], 3, pyramid_of(hand).levels[0].spirals(config.S))
        nn.init.normal_(head.W_p.weight, std=UNTAUGHT_STD)
        super().__init__(hand, config.D, config.whole, config.S, DSConv, head)


NETWORKS = (
    Network(
        "mobrecon_mesh_lm",
        MobReconMeshLm,
        MobReconMeshLmConfig(),
        NetworkSize(224, 295.8, 3.65),
        schedules=(),  # its decoder learns from cached maps
        encoders=(),
        encoder_of="mobrecon_lm",
        on_maps=MapTeaching(learns=LEARNS, level=0, weights={"normals": 0.1}),
    ),
)
