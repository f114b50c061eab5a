"""Two views of the same hands (MobRecon, eq. 10), and several sources as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from models.training.batch import Batch, Pair, PairSource, concatenated
from models.types import Float64


def pair_of(first: Batch, second: Batch, A_1: Sequence[Float64], A_2: Sequence[Float64]) -> Pair:
    """Two batches of the same hands with the maps between them. A_1, A_2: camera frame -> each crop's.

    T_2_1 is the affine map that comes nearest on the hand's joints.
    """
    R = np.array([b @ a.T for a, b in zip(A_1, A_2, strict=True)], np.float32)
    seen = first.labels.joints_2d.numpy(), second.labels.joints_2d.numpy()
    T = np.array([_affine(a, b) for a, b in zip(*seen, strict=True)], np.float32)
    return first, second, torch.from_numpy(R), torch.from_numpy(T)


class Together:
    """Several sources as one: each gives an equal part of every batch, the first what is left over."""

    def __init__(self, sources: Sequence[PairSource]) -> None:
        """Raises ValueError without any source."""
        if not sources:
            raise ValueError("expected one source at least")
        self._sources = list(sources)

    def batch(self, number: int, count: int) -> Batch:
        """As `Source.batch`."""
        return concatenated([source.batch(number, n) for source, n in self._counts(count)])

    def pair(self, number: int, count: int) -> Pair:
        """As `PairSource.pair`."""
        pairs = [source.pair(number, n) for source, n in self._counts(count)]
        first, second, R, T = zip(*pairs, strict=True)
        return concatenated(first), concatenated(second), torch.cat(R), torch.cat(T)

    def _counts(self, count: int) -> list[tuple[PairSource, int]]:
        each, more = divmod(count, len(self._sources))
        counts = [each + more] + [each] * (len(self._sources) - 1)
        return [(source, n) for source, n in zip(self._sources, counts, strict=True) if n > 0]


def _affine(points: np.ndarray, moved: np.ndarray) -> Float64:
    """(2, 3) map that best takes points (N, 2) to moved (N, 2)."""
    X = np.column_stack([points, np.ones(len(points))])
    return np.asarray(np.linalg.lstsq(X.astype(np.float64), moved, rcond=None)[0].T)
