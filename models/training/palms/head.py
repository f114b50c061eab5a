"""The head that proposes hands, as it is taught; the app runs it in the palm network's graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.inference.palm_maps import BASE, CELLS, CHANNELS, N_ANSWERS, REACH
from models.inference.palm_runtime import INPUT_SIZE
from models.training.palms.squares import Square
from models.types import Float32

_WIDTHS = (96, 64)
_RARE = -3.0  # log-odds of a hand in a cell, before anything is learnt
_LEAST_SIDE = 0.3  # of the squares that are to be proposed, in the network's picture; smaller ones may be
_HIT, _NEAR = 0.1, 0.28  # from the palm's middle, in sides: cells that are to propose it, and that may
_FOCUS = 2.0  # how much less a sure cell counts (Lin et al., "Focal loss", ICCV 2017)
_SQUARE = 2.0  # what a square's errors count, beside the score
HAND, NONE, EITHER = 1, 0, -1


class PalmHead(nn.Sequential):
    """(B, CHANNELS, n, n) -> (B, N_ANSWERS, n, n): score, shift x, y, log side, up x, y of each cell."""

    def __init__(self) -> None:
        first, second = _WIDTHS
        super().__init__(
            nn.Conv2d(CHANNELS, first, 1),
            nn.ReLU(),
            nn.Conv2d(first, second, 1),
            nn.ReLU(),
            nn.Conv2d(second, N_ANSWERS, 1),
        )
        with torch.no_grad():
            last = self[-1].bias
            assert isinstance(last, Tensor)
            last.zero_()
            last[0] = _RARE


def target(hands: Sequence[Square]) -> Float32:
    """(CELLS, CELLS, 1 + 5): of each cell HAND, NONE or EITHER, and the answers wanted after the score."""
    n = CELLS
    at = np.stack(np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n, indexing="xy"), -1)
    wanted = np.zeros((n, n, N_ANSWERS), np.float32)
    nearest = np.full((n, n), np.inf)
    for hand in hands:
        palm, centre = ((p + 0.5) / INPUT_SIZE for p in (hand.palm, hand.centre))
        side = hand.side / INPUT_SIZE
        # The middle of a palm that the picture's edge cuts lies beyond it: the nearest cells stand for it.
        away = np.linalg.norm(at - np.clip(palm, 0.5 / n, 1 - 0.5 / n), axis=-1)
        kind = wanted[..., 0]
        kind[(away < max(_NEAR * side, 1.5 / n)) & (kind == NONE)] = EITHER
        hit = (away < max(_HIT * side, 0.71 / n)) & (away < nearest)
        nearest = np.minimum(nearest, away)
        kind[hit] = HAND if side >= _LEAST_SIDE else EITHER
        wanted[hit, 1:3] = ((centre - at) / REACH)[hit]
        wanted[hit, 3] = np.log(side / BASE)
        wanted[hit, 4:] = hand.up
    return wanted


def loss(answers: Tensor, wanted: Tensor) -> Tensor:
    """Of cells' answers (N, N_ANSWERS) and targets, a mean over those with a hand."""
    kind = wanted[:, 0]
    hand = (kind == HAND).float()
    count = hand.sum().clamp(min=1)
    entropy = F.binary_cross_entropy_with_logits(answers[:, 0], hand, reduction="none")
    focus = (1 - torch.exp(-entropy)) ** _FOCUS
    errors = F.smooth_l1_loss(answers[:, 1:], wanted[:, 1:], reduction="none", beta=0.1).mean(1)
    return ((entropy * focus * (kind != EITHER)).sum() + _SQUARE * (errors * hand).sum()) / count
