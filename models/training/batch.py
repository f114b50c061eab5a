"""What training hands around: pictures with their labels, and how much each label counts.

Synthetic hands know everything; a real photograph knows its 2D joints, and little more. One shape holds
both: what a sample does not know is zero and has weight zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Labels:
    """Labels of B crops; 3D in the crop's camera frame from the wrist, metres; 2D in 0..1 of the crop."""

    vertices_m: Tensor  # (B, 778, 3)
    joints_m: Tensor  # (B, 21, 3)
    joints_2d: Tensor  # (B, 21, 2)
    vertices_2d: Tensor  # (B, 778, 2)
    mask: Tensor  # (B, 1, H, H) 1 on the hand; H may differ from the picture's side


@dataclass(frozen=True)
class LabelWeights:
    """The weight of each kind of label, (B,) each, 0 for unknown, 1 for certain."""

    joints_2d: Tensor
    joints: Tensor  # 3D joints
    mesh: Tensor  # vertices, in 3D and in the picture
    mask: Tensor


@dataclass(frozen=True)
class Batch:
    """B crops as a network sees them: the hand is, or is mirrored to, a right one."""

    images: Tensor  # (B, 3, S, S) RGB, 0..1
    labels: Labels
    weights: LabelWeights
    presence: Tensor  # (B,) 1: there is a hand; 0: there is none, and all weights are 0
    right: Tensor  # (B,) 1: a right hand is shown; 0: a left one, unmirrored, and all weights of 3D are 0


class Source(Protocol):
    """Where batches come from: drawn by number, so that a resumed run sees what it would have seen."""

    def batch(self, number: int, count: int) -> Batch:
        """`count` samples, the batch of this number; the same number and count give the same batch."""


Pair = tuple[Batch, Batch, Tensor, Tensor]
"""Two views of B hands; R_2_1 (B, 3, 3): the first crop's frame -> the second's; T_2_1 (B, 2, 3): 0..1 of
the first crop -> of the second."""


@runtime_checkable
class PairSource(Source, Protocol):
    """A source that can also show each hand twice."""

    def pair(self, number: int, count: int) -> Pair:
        """Two views of `count` hands; the same number and count give the same ones."""


def on_device(batch: Batch, device: torch.device | str) -> Batch:
    """The batch on another device."""

    def move(labels: Labels | LabelWeights) -> dict[str, Tensor]:
        return {name: value.to(device, non_blocking=True) for name, value in vars(labels).items()}

    return Batch(
        batch.images.to(device, non_blocking=True),
        Labels(**move(batch.labels)),
        LabelWeights(**move(batch.weights)),
        batch.presence.to(device, non_blocking=True),
        batch.right.to(device, non_blocking=True),
    )


def full_weights(labels: Labels) -> LabelWeights:
    """Weight 1 for every label."""
    ones = labels.joints_m.new_ones(len(labels.joints_m))
    return LabelWeights(ones, ones, ones, ones)


def reweighted(batch: Batch, factor: float) -> Batch:
    """The same batch, the weights of its labels times `factor`."""
    weights = {name: factor * value for name, value in vars(batch.weights).items()}
    return replace(batch, weights=LabelWeights(**weights))


def concatenated(batches: Sequence[Batch]) -> Batch:
    """One batch of all, in their order; masks take the first one's side."""
    side = batches[0].labels.mask.shape[-1]

    def column(name: str, labels: Sequence[Labels] | Sequence[LabelWeights]) -> Tensor:
        values = [getattr(each, name) for each in labels]
        if name == "mask" and values[0].ndim == 4:
            values = [
                v if v.shape[-1] == side else F.interpolate(v, size=(side, side), mode="area") for v in values
            ]
        return torch.cat(values)

    labels, weights = [b.labels for b in batches], [b.weights for b in batches]
    return Batch(
        torch.cat([b.images for b in batches]),
        Labels(**{name: column(name, labels) for name in vars(labels[0])}),
        LabelWeights(**{name: column(name, weights) for name in vars(weights[0])}),
        torch.cat([b.presence for b in batches]),
        torch.cat([b.right for b in batches]),
    )
