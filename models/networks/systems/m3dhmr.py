"""M3DHMR: Monocular 3D Hand Mesh Recovery (Lin et al., 2025).

MobRecon's encoding and lifting (eq. 1-2), then its spiral decoder with two new layers, each of which can be
switched off (Table 1): dynamic spiral convolutions with K kernels (eq. 4-6; K of Table 3), and a
region-of-interest layer, a dilated spiral convolution whose neighbours stay inside the vertex's own region.

The paper gives no sizes and no Mult-Adds. Here the decoder's widths are MobRecon's; the region layer, which
is to have "a larger convolution kernel", reads 18 vertices with dilation 2. Measured at 128 x 128 with
ResNet18 and K = 8: 3.78 G Mult-Adds, 31.9 M parameters, of which the decoder has 1.38 G and 8.6 M.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.networks.declaration import Network, NetworkSize, Schedule
from models.networks.layers.mesh import SpiralDecoder
from models.networks.layers.spiral import DynamicSpiralConv, SpiralConvPP, SpiralLayer
from models.networks.mesh.topology import pyramid_of
from models.networks.network import NetworkOutput, RootRelative
from models.networks.systems.mobrecon import (
    PAPER_SETTINGS,
    EncoderName,
    FeatureLifting,
    Lifted,
    LiftingConfig,
    mesh_output,
)

_RESNET18 = LiftingConfig("resnet18")


@dataclass(frozen=True)
class M3dhmrConfig:
    """One M3DHMR."""

    lift: LiftingConfig = _RESNET18  # Table 4: resnet18 or resnet34
    dynamic: bool = True  # DSC layers; else SpiralConv++
    K: int = 8  # kernels of a DSC layer: 2, 4, 8 or 16 in Table 3
    roi: bool = True  # ROI layer; else SpiralConv++
    S: int = 9  # spiral length
    S_roi: int = 18  # spiral length of the ROI layer
    dilation: int = 2  # of the ROI layer
    D: tuple[int, int, int, int] = (256, 128, 64, 32)  # decoder widths, coarse to fine


class M3dhmr(nn.Module):
    """(B, 3, 128, 128) RGB, 0..1 -> NetworkOutput."""

    def __init__(self, config: M3dhmrConfig, hand: HandData) -> None:
        super().__init__()
        self.input_size = config.lift.input_size
        pyramid = pyramid_of(hand)
        finest = pyramid.levels[0]
        layer: SpiralLayer = partial(DynamicSpiralConv, K=config.K) if config.dynamic else SpiralConvPP
        near = finest.spirals(config.S)
        region = finest.spirals(config.S_roi, config.dilation, within_regions=True)
        head = SpiralConvPP(config.D[-1], 3, region if config.roi else near)
        self.lifting = FeatureLifting(config.lift, pyramid.sizes[-1])
        self.decoder = SpiralDecoder(pyramid, layer, head, config.D, config.S)
        self.root_relative = RootRelative(hand)

    def forward(self, crops: Tensor) -> NetworkOutput:
        lifted: Lifted = self.lifting(crops)
        return mesh_output(lifted, *self.root_relative(self.decoder(lifted.F_mini_v)))


_SCHEDULES = (Schedule("m3dhmr", "mobrecon", PAPER_SETTINGS),)  # losses and schedule are MobRecon's


def _network(name: str, encoder: EncoderName, size: NetworkSize) -> Network:
    config = M3dhmrConfig(LiftingConfig(encoder))
    return Network(name, M3dhmr, config, size, _SCHEDULES, encoders=("lifting.encoder",))


NETWORKS = (
    _network("m3dhmr-18", "resnet18", NetworkSize(128, 3775.7, 31.94)),
    _network("m3dhmr-34", "resnet34", NetworkSize(128, 4983.6, 52.16)),
)
