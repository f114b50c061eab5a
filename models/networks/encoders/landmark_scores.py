"""Whether a crop shows a hand, and a right one: two small networks on what the landmark network saw.

The landmark network's own two answers are linear in its pooled features, and were taught for crops of hands
that are followed already: shown the palm network's doubtful candidates it believes too many, and it takes one
right hand of six for a left one. These two see its pooled features, its joints and its own answers, and are
taught on crops of all kinds (`tools.train_scores`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.networks.encoders.landmark_net import FEATURE_CHANNELS, LandmarkOutput
from models.types import N_JOINTS

POOLED = FEATURE_CHANNELS[2]
N_INPUTS = POOLED + 2 * 3 * N_JOINTS + 2
_MIDDLE_KNUCKLE = 9
_MOST_LOGIT = 10.0  # the landmark network's answers are cut here: beyond, they say no more


class LandmarkScores(nn.Module):
    """A `LandmarkOutput` of B crops -> presence logit (B,), handedness logit (B,): of a hand, of a right one.

    Any network on the landmark encoder can have it: 0.14 M Mult-Adds. Its weights belong to one encoder.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(N_INPUTS))
        self.register_buffer("deviation", torch.ones(N_INPUTS))
        self.presence = _answerer(64)
        self.handedness = _answerer(128)

    def forward(self, landmarks: LandmarkOutput) -> tuple[Tensor, Tensor]:
        return self.answer(score_inputs(landmarks))

    def answer(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N_INPUTS), of `score_inputs`, to the two logits."""
        x = (inputs - self.mean) / self.deviation
        return self.presence(x)[:, 0], self.handedness(x)[:, 0]


def score_inputs(landmarks: LandmarkOutput) -> Tensor:
    """(B, N_INPUTS): pooled features, joints from the wrist over the hand's box in the picture, world joints
    from the wrist over the palm's length, and the landmark network's own two logits."""
    px, world = landmarks.joints_px, landmarks.joints_world_m
    flat = px - px[:, :1]
    box = (px[..., :2].amax(1) - px[..., :2].amin(1)).amax(1).clamp(min=1.0)
    solid = world - world[:, :1]
    palm = solid[:, _MIDDLE_KNUCKLE].norm(dim=1).clamp(min=1e-3)
    own = torch.stack([landmarks.presence_logit, landmarks.handedness_logit], 1)
    return torch.cat(
        [
            landmarks.features.f7.mean((2, 3)),
            (flat / box[:, None, None]).flatten(1),
            (solid / palm[:, None, None]).flatten(1),
            own.clamp(-_MOST_LOGIT, _MOST_LOGIT),
        ],
        1,
    )


def _answerer(width: int) -> nn.Sequential:
    """Inputs -> one logit."""
    return nn.Sequential(
        nn.Dropout(0.1),
        nn.Linear(N_INPUTS, width),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(width, 64),
        nn.ReLU(),
        nn.Linear(64, 1),
    )
