"""Hands proposed by a head on the palm network's map: squares around whole hands, of any size and roll."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.inference.palm_maps import BASE, CELLS, REACH
from models.types import Float32

_MOST_LOG_SIDE = 3.0
_SAME_CENTRE, _SAME_SIDE = 0.2, 1.7
"""Squares whose centres are nearer than so many sides, and whose sides' ratio is smaller, are one."""


@dataclass(frozen=True)
class Proposals:
    """N hands in one square picture, in 0..1 from border to border; the surest first."""

    centres: Float32  # (N, 2) of the square that the hand network is to be shown
    sides: Float32  # (N,)
    ups: Float32  # (N, 2) wrist -> middle knuckle, unit vectors
    scores: Float32  # (N,) 0..1

    def __len__(self) -> int:
        return len(self.scores)


_NOTHING = np.zeros((0, 2), np.float32)
NO_PROPOSALS = Proposals(_NOTHING, _NOTHING[:, 0], _NOTHING, _NOTHING[:, 0])


def proposals(answers: Float32, min_score: float) -> Proposals:
    """answers: (N_ANSWERS, CELLS, CELLS) of the head; what scores less than min_score, 0..1, is left out."""
    rows = _read(answers, float(np.log(min_score / (1 - min_score))))
    return _merged(rows[np.argsort(-rows[:, 0], kind="stable")])


def _read(answers: Float32, least: float) -> NDArray[np.float64]:
    """(N, 6) score, centre, side, up of the cells above a log-odds."""
    y, x = np.nonzero(answers[0] >= least)  # what is not a number is not greater
    values = answers[:, y, x].astype(np.float64).T
    known = np.isfinite(values).all(1)
    values, x, y = values[known], x[known], y[known]
    score = 1 / (1 + np.exp(-np.clip(values[:, 0], -80, 80)))
    at = (np.stack([x, y], 1) + 0.5) / CELLS
    side = BASE * np.exp(np.clip(values[:, 3], -_MOST_LOG_SIDE, _MOST_LOG_SIDE))
    up = values[:, 4:6] / np.maximum(np.linalg.norm(values[:, 4:6], axis=1, keepdims=True), 1e-6)
    return np.concatenate([score[:, None], at + REACH * values[:, 1:3], side[:, None], up], 1)


def _merged(rows: NDArray[np.float64]) -> Proposals:
    """Cells that propose the same square, as one: their mean, weighted by score."""
    kept = []
    while len(rows):
        best = rows[0]
        near = np.linalg.norm(rows[:, 1:3] - best[1:3], axis=1) < _SAME_CENTRE * best[3]
        ratio = rows[:, 3] / best[3]
        same = near & (ratio < _SAME_SIDE) & (ratio > 1 / _SAME_SIDE) & (rows[:, 4:] @ best[4:] > 0)
        same[0] = True
        mean = np.average(rows[same], axis=0, weights=rows[same, 0])
        mean[0] = best[0]
        mean[4:] /= max(float(np.linalg.norm(mean[4:])), 1e-6)
        kept.append(mean)
        rows = rows[~same]
    whole = np.array(kept, np.float32).reshape(-1, 6)
    return Proposals(whole[:, 1:3], whole[:, 3], whole[:, 4:], whole[:, 0])
