"""The processes that train together, as torchrun starts them; or the one there is."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed as dist

from models.training.config import TrainConfig


@dataclass(frozen=True)
class ProcessGroup:
    """This process among those that train one network."""

    rank: int = 0
    size: int = 1  # how many there are

    @staticmethod
    @contextmanager
    def joined(config: TrainConfig) -> Iterator[ProcessGroup]:
        """Join the others where torchrun has started any, and leave them at the end, also by an exception.

        A group that the caller has made is used, and left as it is.
        """
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            yield ProcessGroup()
            return
        made_here = not dist.is_initialized()
        if made_here:
            dist.init_process_group("nccl" if torch.device(config.device).type == "cuda" else "gloo")
        try:
            yield ProcessGroup(dist.get_rank(), size)
        finally:
            if made_here:
                dist.destroy_process_group()

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes files and reports."""
        return self.rank == 0

    def batch_numbers(self, step: int) -> Iterator[int]:
        """Of the batches that this process draws from `step` on: no two processes draw the same."""
        return itertools.count(step * self.size + self.rank, self.size)

    def broadcast(self, value: float) -> float:
        """The first process's value: clocks differ, but all must stop at the same step."""
        if self.size == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64)
        if dist.get_backend() == "nccl":
            shared = shared.cuda()
        dist.broadcast(shared, 0)
        return float(shared)

    def average(self, tensors: list[torch.Tensor]) -> None:
        """Make each tensor, in place, its mean over the processes."""
        if self.size == 1:
            return
        together = torch.cat([t.flatten() for t in tensors])
        dist.all_reduce(together)
        means = (together / self.size).split([t.numel() for t in tensors])
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean.view_as(tensor))

    def barrier(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            dist.barrier()


def own_device() -> str:
    """The GPU of this process, or the CPU where there is none."""
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else "cpu"
