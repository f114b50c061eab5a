"""Sources of painted hands for tests of the trainer."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.training.batch import Batch, Labels, LabelWeights
from tests.models.tiny_hands import TinyHands, make_hands


@dataclass
class TinySource:
    """Draws rows of a few hands by number; every fourth sample shows no hand."""

    hands: TinyHands
    drawn: list[int] = field(default_factory=list)

    @staticmethod
    def of(size: int, count: int = 8) -> TinySource:
        return TinySource(make_hands(count, size))

    def batch(self, number: int, count: int) -> Batch:
        self.drawn.append(number)
        random = torch.Generator().manual_seed(number)
        rows = torch.randint(len(self.hands.crops), (count,), generator=random)
        shown = (torch.arange(count) % 4 < 3).float()
        h = self.hands
        truth = Labels(*(t[rows] for t in (h.vertices_m, h.joints_m, h.joints_2d, h.vertices_2d, h.mask)))
        return Batch(h.crops[rows], truth, LabelWeights(shown, shown, shown, shown), shown, torch.ones(count))


class TinyPairs(TinySource):
    """Also shows each picture twice: the second time as it is."""

    def pair(self, number: int, count: int) -> tuple[Batch, Batch, Tensor, Tensor]:
        batch = self.batch(number, count)
        return batch, batch, torch.eye(3).expand(count, 3, 3), torch.eye(2, 3).expand(count, 2, 3)
