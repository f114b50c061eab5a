"""The processes that train together, as torchrun starts them; or the one there is."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import distributed as dist

from models.training.config import TrainConfig


@dataclass(frozen=True)
class Team:
    """This process's place among them."""

    rank: int = 0
    size: int = 1

    @staticmethod
    def of_this_process(config: TrainConfig) -> Team:
        """Join the others, where torchrun has started any."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return Team()
        if not dist.is_initialized():
            dist.init_process_group("nccl" if torch.device(config.device).type == "cuda" else "gloo")
        return Team(dist.get_rank(), size)

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    def numbers(self, step: int) -> Iterator[int]:
        """Of the batches that this process draws from `step` on: no two processes draw the same."""
        return itertools.count(step * self.size + self.rank, self.size)

    def agreed(self, value: float) -> float:
        """The first process's value: clocks differ, but all must stop at the same step."""
        if self.size == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64)
        if dist.get_backend() == "nccl":
            shared = shared.cuda()
        dist.broadcast(shared, 0)
        return float(shared)

    def meet(self) -> None:
        """Wait for all."""
        if self.size > 1:
            dist.barrier()


def own_device() -> str:
    """The GPU of this process, or the CPU where there is none."""
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else "cpu"
