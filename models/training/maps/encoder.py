"""The landmark encoder, frozen, with all that decoders and mesh stages read of it, run by OpenVINO.

Its blocks up to the 14 x 14 map are MediaPipe's own; beyond that `mobrecon_lm` went on learning.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.networks.encoders.landmark_net import INPUT_SIZE, LandmarkFeatures
from models.networks.systems.mobrecon_lm import MobReconLm
from models.networks.zoo import build
from models.training.config import TrainConfig
from models.training.frozen import FrozenPart
from models.types import Float32


@dataclass(frozen=True, eq=False)
class EncodedCrops:
    """What the encoder says of B crops."""

    f56: Float32  # (B, 24, 56, 56)
    f28: Float32  # (B, 40, 28, 28)
    f14: Float32  # (B, 112, 14, 14)
    pooled: Float32  # (B, 512) mean of the last map
    joints_px: Float32  # (B, 21, 3) the heads' image landmarks, depth too, crop pixels
    world_m: Float32  # (B, 21, 3) the heads' world landmarks, metres
    joints_m: Float32  # (B, 21, 3) of `mobrecon_lm`'s mesh, from the wrist, metres


class _Everything(nn.Module):
    def __init__(self, hand: HandData) -> None:
        super().__init__()
        network = build("mobrecon_lm", hand)
        assert isinstance(network, MobReconLm)
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        encoder = self.network.encoder
        f56, f28, f14 = encoder.early_maps(images)
        f7 = encoder.late(f14)
        seen = encoder.answer(LandmarkFeatures(f28, f14, f7))
        output = self.network.decode(seen)
        return (
            *(f56, f28, f14, f7.mean((2, 3)), seen.joints_px, seen.joints_world_m),
            output.joints_m,
        )


class MapEncoder:
    """Images to EncodedCrops, on one thread."""

    def __init__(self, hand: HandData) -> None:
        config = TrainConfig(steps=1)
        self._part = FrozenPart(_Everything(hand), (3, INPUT_SIZE, INPUT_SIZE), config)

    def __call__(self, images: Tensor) -> EncodedCrops:
        """(B, 3, 224, 224) RGB, 0..1."""
        with torch.no_grad():
            answers = [answer.numpy() for answer in self._part(images)]
        return EncodedCrops(**dict(zip((f.name for f in fields(EncodedCrops)), answers, strict=True)))
