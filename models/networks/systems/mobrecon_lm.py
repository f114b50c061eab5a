"""MobRecon's lifting and decoder (CVPR 2022) on MediaPipe's landmark network: one pass for everything.

The landmark network brings what it learnt on real hands: 2D landmarks, presence, handedness and a rough 3D
hand. Its landmarks take the place of MapReg's L^p for pose pooling; pooled features and the rough 3D joints
are lifted to the 49 coarsest vertices (PVL) and decoded to the mesh. Without training, everything but the
mesh is already right.

The app fits the hand model to joints: it asks for the landmark network's own, which learn beside the decoder
and are as near as the decoder's (`docs/networks.md`); the decoder, a sixth of the time, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.networks.declaration import Network, NetworkSize, Schedule
from models.networks.encoders.landmark_net import FEATURE_CHANNELS, INPUT_SIZE, LandmarkNet, LandmarkOutput
from models.networks.layers.lifting import PVL, grid_pooling
from models.networks.layers.mesh import SpiralDecoder
from models.networks.layers.spiral import DSConv
from models.networks.mesh.topology import pyramid_of
from models.networks.network import UNIT_M, JointsOutput, NetworkOutput, RootRelative, check_crops
from models.weights import find_weights, load_weights

_HALF_PIXEL = 0.25
"""The landmarks of a picture and of its mirror image add up to 223.5 in x (288 photographs, +- 0.05): halfway
between pixel centres at integers (223) and borders at integers (224)."""


@dataclass(frozen=True)
class MobReconLmConfig:
    """Sizes of the lifting and the decoder."""

    C_e: int = 256  # features pooled at a joint, from both maps together
    S: int = 9  # spiral length
    D: tuple[int, ...] = (256, 128, 64, 32)  # decoder widths, coarse to fine
    input_size: int = INPUT_SIZE  # side of the crop; its multiples of 32


class MobReconLm(nn.Module):
    """(B, 3, S, S) RGB, 0..1, S the configuration's input_size -> NetworkOutput."""

    def __init__(self, config: MobReconLmConfig, hand: HandData) -> None:
        super().__init__()
        _, c14, c7 = FEATURE_CHANNELS
        pyramid = pyramid_of(hand)
        self.input_size = config.input_size
        self.encoder = LandmarkNet(config.input_size)
        self.project_7 = nn.Conv2d(c7, config.C_e // 2, 1)  # what the hand does as a whole
        self.project_14 = nn.Conv2d(c14, config.C_e - config.C_e // 2, 1)  # where a joint is, finer
        # 3 coordinates of the image landmark (z too) and 3 of the world joint, beside the pooled features.
        self.embed = nn.Linear(config.C_e + 6, config.D[0])
        self.pvl = PVL(pyramid.sizes[-1])
        finest = pyramid.levels[0].spirals(config.S)
        head = DSConv(config.D[-1], 3, finest)
        self.decoder = SpiralDecoder(pyramid, DSConv, head, config.D, config.S)
        self.root_relative = RootRelative(hand)

    def forward(self, crops: Tensor) -> NetworkOutput:
        check_crops(crops, self.input_size)
        return self.decode(self.encoder(crops))

    def joints_only(self, crops: Tensor) -> JointsOutput:
        """The landmark network's own joints, both kinds."""
        check_crops(crops, self.input_size)
        landmarks = self.encoder(crops)
        world = landmarks.joints_world_m
        return JointsOutput(
            _in_crop(landmarks),
            world - world[:, :1],
            landmarks.presence_logit,
            landmarks.handedness_logit,
        )

    def decode(self, landmarks: LandmarkOutput) -> NetworkOutput:
        """From the landmark network's answer to the mesh (training can keep the first of the two)."""
        L_p = _in_crop(landmarks)
        F_p = torch.cat(
            [
                grid_pooling(self.project_7(landmarks.features.f7), L_p + self.encoder.aside(32)),
                grid_pooling(self.project_14(landmarks.features.f14), L_p + self.encoder.aside(16)),
                landmarks.joints_px / INPUT_SIZE,
                landmarks.joints_world_m / UNIT_M,
            ],
            -1,
        )
        vertices, joints = self.root_relative(self.decoder(self.pvl(self.embed(F_p))))
        return NetworkOutput(
            joints_2d=L_p,
            vertices_m=vertices,
            joints_m=joints,
            presence_logit=landmarks.presence_logit,
            handedness_logit=landmarks.handedness_logit,
        )


def _in_crop(landmarks: LandmarkOutput) -> Tensor:
    """(B, 21, 2) joints in 0..1 of the crop, whatever its size."""
    return (landmarks.joints_px[..., :2] + _HALF_PIXEL) / INPUT_SIZE


def _start(network: MobReconLm) -> None:
    """MediaPipe's landmarks, where they ship: everything but the mesh is then right without any training."""
    encoder = find_weights("landmark_net")
    if encoder is not None:
        load_weights(network.encoder, encoder)


_SETTINGS = {
    "learning_rate": 2e-4,
    "new_learning_rate": 1.5e-3,
    "warmup_steps": 50,
    "weight_decay": 1e-4,
    "batch": 48,
    "synthetic_weight": 0.3,
    "consistency": 0.3,
    "ema": 0.995,
    "validate_every": 200,
    "minutes": 50,
}
_STEADY = {"learning_rate": 6e-5, "new_learning_rate": 5e-4, "consistency": 3.0, "minutes": 20}

NETWORKS = (
    Network(
        "mobrecon_lm",
        MobReconLm,
        MobReconLmConfig(),
        NetworkSize(224, 284.9, 2.12),
        (
            Schedule("landmark", "landmark", _SETTINGS),
            # To go on from there: two noisy views of a hand have to agree, so that it jitters less.
            Schedule("landmark-steady", "landmark", _SETTINGS | _STEADY),
        ),
        encoders=(),  # its learner runs the encoder itself, most of it frozen
        start=_start,
    ),
    # The same on smaller crops, taught by the one above (`tools.train.smaller_encoder`).
    Network(
        "mobrecon_lm_192",
        MobReconLm,
        MobReconLmConfig(input_size=192),
        NetworkSize(192, 209.4, 2.12),
        schedules=(),
        encoders=(),
        scores_of="mobrecon_lm",
    ),
)
