"""Teaching MediaPipe's landmark network a mesh, and better joints, without losing what it knows.

Up to its map at 14 x 14 the network stays as it is: what it sees there, very many real hands have taught it,
and running it is all it costs. The blocks above learn slowly, the lifting and the decoder fast. Its scores
(is there a hand, is it a right one) are held where the original has them.
"""

from __future__ import annotations

import copy
from typing import Any, Self

import torch
from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.networks.encoders.landmark_net import INPUT_SIZE, LandmarkFeatures, LandmarkNet, LandmarkOutput
from models.networks.network import UNIT_M
from models.networks.systems.mobrecon_lm import MobReconLm
from models.training import losses
from models.training.batch import Batch
from models.training.config import TrainConfig
from models.training.feed import TrainBatch
from models.training.frozen import FrozenPart
from models.training.learners import consistency_terms, encoder_autocast
from models.training.objectives import Objectives

TEACHER = "teacher."  # what the teacher's weights begin with in the learner's state
_WEIGHTS = {"pose2D": 3.0, "norm": 0.1}
"""A crop is about three UNIT_M wide: so a place in it counts as much as in space. Others weigh 1."""


class LandmarkLearner(nn.Module):
    """mobrecon_lm, on its own labels in the picture and in space, and on two views of real hands."""

    def __init__(self, config: TrainConfig, network: MobReconLm, hand: HandData) -> None:
        super().__init__()
        self.config, self.network = config, network
        network.encoder.freeze_early()
        self.objectives = Objectives(hand, config.device)
        self.teacher = Teacher(network.encoder)
        self._run_teacher = FrozenPart(self.teacher, (3, INPUT_SIZE, INPUT_SIZE), config)

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
            {"params": known, "lr": self.config.learning_rate},
            {"params": world, "lr": 0.01 * self.config.learning_rate},
            {"params": new, "lr": self.config.new_learning_rate},
        ]

    def forward(self, train_batch: TrainBatch) -> dict[str, Tensor]:
        batch, encoder = train_batch.batch, self.network.encoder
        f14, presence, right = self._run_teacher(batch.images)
        with encoder_autocast(self.config):
            f7 = encoder.late(f14)
        landmarks = encoder.answer(LandmarkFeatures(f14, f14, f7.float()))  # f28 is not used
        output = self.network.decode(landmarks)
        terms = self.objectives.mobrecon(output, batch.labels, batch.weights)
        terms["joints"] = losses.l1(
            output.joints_m / UNIT_M, batch.labels.joints_m / UNIT_M, batch.weights.joints
        )
        terms |= self._landmark_terms(landmarks, batch)
        terms = {name: _WEIGHTS.get(name, 1.0) * value for name, value in terms.items()}
        # The original's scores; but a picture without a hand is known to have none.
        terms |= self.objectives.scores(output, presence.sigmoid() * batch.presence, right.sigmoid())
        return terms | consistency_terms(self.objectives, output, train_batch, self.config.consistency)

    def _landmark_terms(self, output: LandmarkOutput, batch: Batch) -> dict[str, Tensor]:
        """The landmark network's own 3D, which the decoder starts from: world joints, and depth in pixels."""
        labels, weights = batch.labels, batch.weights
        world = output.joints_world_m
        world = (world - world[:, :1]) / UNIT_M
        camera = losses.weak_perspective_camera(labels.joints_m, labels.joints_2d, self.objectives.bones)
        known = weights.joints > 0
        scale = torch.where(known, camera[:, 0], 0)[:, None]  # crops a metre
        depth = output.joints_px[..., 2] / INPUT_SIZE
        return {
            "world": losses.l1(world, labels.joints_m / UNIT_M, weights.joints),
            "depth": losses.l1(depth - depth[:, :1], scale * labels.joints_m[..., 2], weights.joints),
        }


class Teacher(nn.Module):
    """The landmark network as it was when the run began, and as its checkpoints keep it; it never learns."""

    def __init__(self, encoder: LandmarkNet) -> None:
        """encoder: is copied."""
        super().__init__()
        self.encoder = copy.deepcopy(encoder).requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay as in evaluation, whatever the learner around it does."""
        return super().train(False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, 224, 224) -> its map (B, 112, 14, 14) and the logits (B,) of presence and handedness."""
        output = self.encoder(images)
        return output.features.f14, output.presence_logit, output.handedness_logit
