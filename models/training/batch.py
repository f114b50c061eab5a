"""What training hands around: pictures with their labels, and how far each label is trusted.

Synthetic hands know everything; a real photograph knows its 2D joints, and little more. One shape holds
both: what a sample does not know is zero and has weight zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Truth:
    """Labels of B crops; 3D root-relative in the crop's frame, 2D in 0..1 of the crop."""

    vertices_m: Tensor  # (B, 778, 3)
    joints_m: Tensor  # (B, 21, 3)
    joints_2d: Tensor  # (B, 21, 2)
    vertices_2d: Tensor  # (B, 778, 2)
    mask: Tensor  # (B, 1, H, H) 1 on the hand; H may differ from the picture's side


@dataclass(frozen=True)
class Trust:
    """The weight of each kind of label, (B,) each, 0 for unknown, 1 for certain."""

    joints_2d: Tensor
    joints: Tensor  # 3D joints
    mesh: Tensor  # vertices, in 3D and in the picture
    mask: Tensor


@dataclass(frozen=True)
class Batch:
    """B crops as a network sees them: the hand is, or is mirrored to, a right one."""

    images: Tensor  # (B, 3, S, S) RGB, 0..1
    truth: Truth
    trust: Trust
    presence: Tensor  # (B,) 1: there is a hand; 0: there is none, and all trust is 0
    right: Tensor  # (B,) 1: a right hand is shown; 0: a left one, unmirrored, and all 3D trust is 0


class Source(Protocol):
    """Where batches come from: drawn by number, so that a resumed run sees what it would have seen."""

    def batch(self, number: int, size: int) -> Batch:
        """`size` samples, the batch of this number; the same number, size and source give the same batch."""


def on_device(batch: Batch, device: torch.device | str) -> Batch:
    """The batch on another device."""

    def move(labels: Truth | Trust) -> dict[str, Tensor]:
        return {name: value.to(device, non_blocking=True) for name, value in vars(labels).items()}

    return Batch(
        batch.images.to(device, non_blocking=True),
        Truth(**move(batch.truth)),
        Trust(**move(batch.trust)),
        batch.presence.to(device, non_blocking=True),
        batch.right.to(device, non_blocking=True),
    )


def certain(truth: Truth) -> Trust:
    """Full trust in every label."""
    ones = truth.joints_m.new_ones(len(truth.joints_m))
    return Trust(ones, ones, ones, ones)


def weighed(batch: Batch, factor: float) -> Batch:
    """The same batch, its labels trusted `factor` times as much."""
    return replace(batch, trust=Trust(**{name: factor * value for name, value in vars(batch.trust).items()}))


def joined(batches: Sequence[Batch]) -> Batch:
    """One batch of all, in their order; masks take the first one's side."""
    side = batches[0].truth.mask.shape[-1]

    def column(name: str, labels: Sequence[Truth] | Sequence[Trust]) -> Tensor:
        values = [getattr(each, name) for each in labels]
        if name == "mask" and values[0].ndim == 4:
            values = [
                v if v.shape[-1] == side else F.interpolate(v, size=(side, side), mode="area") for v in values
            ]
        return torch.cat(values)

    truths, trusts = [b.truth for b in batches], [b.trust for b in batches]
    return Batch(
        torch.cat([b.images for b in batches]),
        Truth(**{name: column(name, truths) for name in vars(truths[0])}),
        Trust(**{name: column(name, trusts) for name in vars(trusts[0])}),
        torch.cat([b.presence for b in batches]),
        torch.cat([b.right for b in batches]),
    )
