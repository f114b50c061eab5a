"""A teacher of the landmark encoder that takes no time."""

from __future__ import annotations

import torch

from models.networks.encoders.landmark_net import FEATURES
from models.networks.encoders.landmark_scores import LandmarkScores
from models.training.student.matching import TeacherAnswers


class FakeTeacher:
    """Sees nothing, always the same."""

    def __init__(self) -> None:
        self.scores = LandmarkScores()

    def __call__(self, x: torch.Tensor) -> TeacherAnswers:
        B, draw = len(x), torch.Generator().manual_seed(1)
        shapes = ((B, 40, 28, 28), (B, 112, 14, 14), (B, FEATURES, 7, 7))
        a, b, c = (torch.rand(shape, generator=draw) for shape in shapes)
        joints = torch.rand(B, 21, 3, generator=draw)
        return TeacherAnswers((a, b, c), c.mean((2, 3)), 100 * joints, 0.1 * joints, torch.ones(B, 4))
