"""What maps show at the vertices of a mesh and beside them, across the outline."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def look(maps: Sequence[Tensor], x: Tensor, y: Tensor, aside: Sequence[float] | None = None) -> list[Tensor]:
    """Maps (B, C, S, S), of any sizes, between their pixels at places x, y (B, N), 0..1 -> (B, N, C) each.

    aside: how far right of and below these places each map is read, in the same unit; None: nowhere else.
    As `grid_sample` with the border repeated. Whole pixels are taken, all channels of one at a time: as
    encoders leave their maps in memory, that takes half of its time.
    """
    return [_between(m, x, y, a) for m, a in zip(maps, aside or [0.0] * len(maps), strict=True)]


def _between(m: Tensor, x: Tensor, y: Tensor, aside: float) -> Tensor:
    B, C, _, S = m.shape
    rows = m.flatten(2).transpose(1, 2).reshape(-1, C)  # no copy, in OpenVINO
    x, y = ((p * S + (aside * S - 0.5)).clamp(0, S - 1) for p in (x, y))
    left, top = (p.detach().floor().clamp(max=S - 2) for p in (x, y))
    first = (top * S + left).int()
    if B > 1:
        first = first + S * S * torch.arange(B, device=m.device, dtype=torch.int32)[:, None]
    a, b, c, d = (F.embedding(first + k, rows) for k in (0, 1, S, S + 1))
    right, down = (x - left)[..., None], (y - top)[..., None]
    upper, lower = a + (b - a) * right, c + (d - c) * right
    return upper + (lower - upper) * down
