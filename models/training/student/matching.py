"""What the student is taught: to see in a smaller picture what the teacher sees in the one of 224 pixels.

Both see the same crop. A cell of a map of stride s lies, by the padding of its convolutions, at pixel
s o + s - 1 of its own picture: half a cell further right and below than the grid's middle. So the two
networks' cells of one index see other places, and the teacher's maps are looked up where the student's are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.networks.encoders.landmark_net import INPUT_SIZE, LandmarkOutput
from models.networks.encoders.landmark_scores import LandmarkScores

STRIDES = (8, 16, 32)
_WEIGHTS = {"f28": 0.5, "f14": 1.0, "f7": 0.5, "pooled": 2.0, "joints": 0.1, "depth": 0.04, "world": 0.08}
"""Maps are in their channels' variances, joints in pixels of 224, world joints in millimetres."""
_SURE = 0.5  # the teacher's presence from which its joints are believed
_MOST_LOGIT = 8.0


@dataclass(frozen=True)
class TeacherAnswers:
    """What the teacher says of B crops, and how much each channel varies."""

    maps: tuple[Tensor, Tensor, Tensor]  # at 28, 14 and 7
    pooled: Tensor  # (B, 512)
    joints_px: Tensor  # (B, 21, 3)
    world_m: Tensor  # (B, 21, 3)
    scores: Tensor  # (B, 4) logits of presence and handedness: its own heads', and those taught for it


def look_up(size: int, stride: int) -> Tensor:
    """(n, N): the student's n cells a side from the teacher's N, by cubic interpolation.

    size: the side of the student's crop, pixels.
    """
    n, N = size // stride, INPUT_SIZE // stride
    middle = (stride * np.arange(n) + stride - 0.5) / size  # fractions of the crop
    place = np.clip((middle * INPUT_SIZE - stride + 0.5) / stride, 0, N - 1)
    weights = np.zeros((n, N), np.float32)
    for row, at in zip(weights, place, strict=True):
        base = int(np.floor(at))
        for tap in range(base - 1, base + 3):
            row[min(max(tap, 0), N - 1)] += _cubic(abs(at - tap))
    return torch.from_numpy(weights)


def _cubic(x: float) -> float:
    """Catmull and Rom's kernel."""
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


class Matching:
    """Loss terms of a student whose crops are `size` pixels wide."""

    def __init__(self, size: int, examples: TeacherAnswers, scores: LandmarkScores) -> None:
        """examples: of some dozens of crops, to know how much each channel varies. scores: the teacher's,
        which the student is to be asked with, too."""
        self._scores = scores.eval().requires_grad_(False)
        self._look_up = [look_up(size, stride) for stride in STRIDES]
        self._variance = [_variance(m, (0, 2, 3)) for m in examples.maps]
        self._pooled = _variance(examples.pooled, (0,))

    def __call__(self, student: LandmarkOutput, teacher: TeacherAnswers) -> dict[str, Tensor]:
        """Weighted terms by name."""
        terms: dict[str, Tensor] = {}
        seen = zip(
            ("f28", "f14", "f7"),
            student.features,
            teacher.maps,
            self._look_up,
            self._variance,
            strict=True,
        )
        for name, own, wanted, W, variance in seen:
            target = torch.einsum("yY,bcYX,xX->bcyx", W, wanted, W)
            terms[name] = ((own - target).square().mean((0, 2, 3)) / variance).mean()
        pooled = student.features.f7.mean((2, 3))
        terms["pooled"] = ((pooled - teacher.pooled).square().mean(0) / self._pooled).mean()
        sure = (teacher.scores[:, :1].sigmoid() > _SURE).float()[..., None]
        off = F.smooth_l1_loss(student.joints_px, teacher.joints_px, reduction="none") * sure
        world = 1e3 * (student.joints_world_m - teacher.world_m)
        terms["joints"], terms["depth"] = off[..., :2].mean(), off[..., 2].mean()
        terms["world"] = (F.smooth_l1_loss(world, torch.zeros_like(world), reduction="none") * sure).mean()
        terms = {name: _WEIGHTS[name] * value for name, value in terms.items()}
        logits = torch.stack([student.presence_logit, student.handedness_logit, *self._scores(student)], 1)
        own, wanted = (a.clamp(-_MOST_LOGIT, _MOST_LOGIT) for a in (logits, teacher.scores))
        return terms | {"scores": 0.05 * F.smooth_l1_loss(own, wanted)}


def _variance(values: Tensor, over: tuple[int, ...]) -> Tensor:
    """Of each channel; a channel that hardly varies counts as one that varies a little."""
    found = values.var(over)
    return found + 0.05 * found.mean()
