"""Teach the head from kept cells."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from models.training.palms.cache import Cells
from models.training.palms.head import PalmHead, loss


@dataclass(frozen=True)
class HeadConfig:
    """One training of the head."""

    epochs: int = 6
    batch: int = 1024  # cells
    rate: float = 2e-3  # the highest learning rate
    weight_decay: float = 1e-3
    seed: int = 1


def train_head(cells: Cells, config: HeadConfig | None = None) -> PalmHead:
    """On as many threads as torch has."""
    config = config or HeadConfig()
    torch.manual_seed(config.seed)
    head = PalmHead()
    seen, wanted = torch.from_numpy(cells.seen), torch.from_numpy(cells.wanted)
    optimiser = torch.optim.AdamW(head.parameters(), config.rate, weight_decay=config.weight_decay)
    steps = config.epochs * -(-len(wanted) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, total_steps=steps)
    for _ in range(config.epochs):
        for rows in torch.randperm(len(wanted)).split(config.batch):
            answers = head(seen[rows].float()[..., None, None])[..., 0, 0]
            loss(answers, wanted[rows]).backward()
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
    return head.eval()
