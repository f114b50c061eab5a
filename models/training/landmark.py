"""Teaching MediaPipe's landmark network a mesh, and better joints, without losing what it knows.

Up to its map at 14 x 14 the network stays as it is: what it sees there, very many real hands have taught it,
and running it is all it costs. The blocks above learn slowly, the lifting and the decoder fast. Its scores
(is there a hand, is it a right one) are held where the original has them.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.networks.encoders.landmark_net import INPUT_SIZE, LandmarkFeatures, LandmarkNet, LandmarkOutput
from models.networks.mobrecon_lm import MobReconLm
from models.networks.network import UNIT_M
from models.training import losses
from models.training.batch import Batch
from models.training.config import TrainConfig
from models.training.feed import Lesson
from models.training.frozen import FrozenPart
from models.training.learners import agreement, arithmetic
from models.training.objectives import Objectives

_WEIGHTS = {"pose2D": 3.0, "norm": 0.1}
"""A crop is about three UNIT_M wide: so a place in it counts as much as in space. Others weigh 1."""


class LandmarkLearner(nn.Module):
    """mobrecon_lm, on its own labels in the picture and in space, and on two views of real hands."""

    def __init__(self, config: TrainConfig, network: MobReconLm, hand: HandData) -> None:
        super().__init__()
        self.config, self.network = config, network
        network.encoder.freeze_early()
        self.objectives = Objectives(hand, config.device)
        original = copy.deepcopy(network.encoder).requires_grad_(False)
        self._original = FrozenPart(_Original(original), (3, INPUT_SIZE, INPUT_SIZE), config)

    def groups(self) -> list[dict[str, Any]]:
        """What learns how fast, for an optimiser.

        The world joints' head answers in metres, of which a pixel is about a thousandth: at the rate of the
        others, whose answers are pixels, its joints would be thrown about by centimetres a step.
        """
        encoder = self.network.encoder
        world = list(encoder.head_world.parameters())
        apart = {id(p) for p in world}
        known = [p for p in encoder.parameters() if p.requires_grad and id(p) not in apart]
        apart |= {id(p) for p in encoder.parameters()}
        new = [p for p in self.network.parameters() if id(p) not in apart]
        return [
            {"params": known, "lr": self.config.rate},
            {"params": world, "lr": 0.01 * self.config.rate},
            {"params": new, "lr": self.config.new_rate},
        ]

    def forward(self, lesson: Lesson) -> dict[str, Tensor]:
        batch, encoder = lesson.batch, self.network.encoder
        f14, presence, right = self._original(batch.images)
        with arithmetic(self.config):
            f7 = encoder.late(f14)
        seen = encoder.answer(LandmarkFeatures(f14, f14, f7.float()))  # nobody asks for f28
        output = self.network.decode(seen)
        terms = self.objectives.mobrecon(output, batch.truth, batch.trust)
        terms["joints"] = losses.l1(
            output.joints_m / UNIT_M, batch.truth.joints_m / UNIT_M, batch.trust.joints
        )
        terms |= self._rough(seen, batch)
        terms = {name: _WEIGHTS.get(name, 1.0) * value for name, value in terms.items()}
        # The original's scores; but a picture without a hand is known to have none.
        terms |= self.objectives.scores(output, presence.sigmoid() * batch.presence, right.sigmoid())
        return terms | agreement(self.objectives, output, lesson, self.config.consistency)

    def _rough(self, seen: LandmarkOutput, batch: Batch) -> dict[str, Tensor]:
        """The landmark network's own 3D, which the decoder starts from: world joints, and depth in pixels."""
        truth, trust = batch.truth, batch.trust
        world = seen.joints_world_m
        world = (world - world[:, :1]) / UNIT_M
        camera = losses.weak_perspective_camera(truth.joints_m, truth.joints_2d, self.objectives.bones)
        known = trust.joints > 0
        scale = torch.where(known, camera[:, 0], 0)[:, None]  # crops a metre
        depth = seen.joints_px[..., 2] / INPUT_SIZE
        return {
            "world": losses.l1(world, truth.joints_m / UNIT_M, trust.joints),
            "depth": losses.l1(depth - depth[:, :1], scale * truth.joints_m[..., 2], trust.joints),
        }


class _Original(nn.Module):
    """The landmark network as it was: (B, 3, 224, 224) -> its map at 14 x 14 and the logits of its scores."""

    def __init__(self, encoder: LandmarkNet) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        seen = self.encoder(images)
        return seen.features.f14, seen.presence_logit, seen.handedness_logit
