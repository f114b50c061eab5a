"""M3DHMR's decoder (Lin et al., 2025) on MediaPipe's landmark network: dynamic spirals, and the ROI layer.

Pose pooling and lifting are MobRecon's (`models.networks.spiral_offsets`). Dynamic spiral convolutions, K
kernels mixed by each vertex's attention (eq. 4-6), decode them up to 778 vertices, where the region-of-
interest layer ends it. K is 4, and widths are a fifth to a half of MobRecon's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from torch import nn

from models.hand.hand_data import HandData
from models.networks.declaration import MapTeaching, Network, NetworkSize
from models.networks.layers.spiral import DynamicSpiralConv, SpiralConvPP
from models.networks.mesh.topology import pyramid_of
from models.networks.spiral_offsets import LEARNS, UNTAUGHT_STD, SpiralOffsets


@dataclass(frozen=True)
class M3dhmrLmConfig:
    """Sizes of the lifting and the decoder."""

    K: int = 4  # kernels of a dynamic spiral convolution
    S: int = 9  # spiral length
    S_roi: int = 18  # spiral length of the ROI layer
    dilation: int = 2  # of the ROI layer
    D: tuple[int, int, int, int] = (48, 32, 16, 16)  # decoder widths, coarse to fine
    whole: int = 256  # features of the hand as a whole


class M3dhmrLm(SpiralOffsets):
    """(B, 3, 224, 224) RGB, 0..1, and the crops' focal lengths -> NetworkOutput with the rough mesh."""

    def __init__(self, config: M3dhmrLmConfig, hand: HandData) -> None:
        finest, layer = pyramid_of(hand).levels[0], partial(DynamicSpiralConv, K=config.K)
        roi = finest.spirals(config.S_roi, config.dilation, within_regions=True)
        head = SpiralConvPP(config.D[-1], 3, roi)
        nn.init.normal_(head.W.weight, std=UNTAUGHT_STD)
        super().__init__(hand, config.D, config.whole, config.S, layer, head)


NETWORKS = (
    Network(
        "m3dhmr_lm",
        M3dhmrLm,
        M3dhmrLmConfig(),
        NetworkSize(224, 326.5, 3.72),
        schedules=(),  # its decoder learns from cached maps
        encoders=(),
        encoder_of="mobrecon_lm",
        on_maps=MapTeaching(learns=LEARNS, level=0, weights={"normals": 0.1}),
    ),
)
