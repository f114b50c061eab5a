"""Teach the two scores from features, and say how good they are on what was kept aside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from models.networks.encoders.landmark_scores import LandmarkScores
from models.training.scores.features import Features
from models.types import Float64


@dataclass(frozen=True)
class ScoresConfig:
    """One training of the scores."""

    epochs: int = 12
    batch: int = 128
    rate: float = 2e-3  # the highest learning rate
    weight_decay: float = 1e-3
    kept: float = 0.99  # of the hands in held-out photographs have a presence above 0.5
    seed: int = 0


def train_scores(features: Features, config: ScoresConfig | None = None) -> LandmarkScores:
    """Teach both scores; then shift presence, so that `kept` of the held-out photographs' hands are believed.

    Of photographs the sides were named by MediaPipe, which is wrong about some. So the side is taught twice:
    from drawn hands alone, and then from those photographs too whose side the first agrees with.
    """
    config = config or ScoresConfig()
    drawn = features.source == "drawn"
    first = _fit(features, np.where(drawn, features.right, -1), config, drawn)
    claimed = features.right >= 0
    agreed = (probabilities(first, features.inputs)[1] > 0.5) == (features.right == 1)
    every = np.ones_like(drawn)
    scores = _fit(features, np.where(claimed & (drawn | agreed), features.right, -1), config, every)
    # Not by the held-out real crops, which everything here is judged by in the end.
    judges = np.char.startswith(features.source, "real-")
    kept = features.present & features.held_out & ~drawn & ~judges
    logits = _logits(scores, features.inputs[kept])[0]
    shift = float(np.quantile(logits.numpy(), 1 - config.kept))
    with torch.no_grad():
        scores.presence[-1].bias.sub_(shift)  # type: ignore[operator,union-attr]
    return scores


def _fit(
    features: Features, right: NDArray[np.int8], config: ScoresConfig, chosen: NDArray[np.bool_]
) -> LandmarkScores:
    """Scores taught from the chosen crops that are not held out, by these names of their sides."""
    torch.manual_seed(config.seed)
    rows = np.flatnonzero(~features.held_out & chosen)
    x = torch.from_numpy(features.inputs[rows])
    present = torch.from_numpy(features.present[rows].astype(np.float32))
    side = torch.from_numpy(right[rows].astype(np.float32))
    scores = LandmarkScores()
    flat = x[:: max(len(x) // 8000, 1)]
    scores.mean.copy_(flat.mean(0))
    scores.deviation.copy_(flat.std(0) + 0.05)
    weights = torch.from_numpy(_balanced(features.present[rows], features.source[rows]))
    optimiser = torch.optim.AdamW(scores.parameters(), config.rate, weight_decay=config.weight_decay)
    steps = config.epochs * -(-len(rows) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, total_steps=steps)
    for _ in range(config.epochs):
        for part in torch.randperm(len(rows)).split(config.batch):
            _step(scores, x[part], present[part], side[part], weights[part]).backward()
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
    return scores.eval()


def _step(scores: LandmarkScores, x: Tensor, present: Tensor, side: Tensor, weights: Tensor) -> Tensor:
    """The loss of a batch."""
    known = (side >= 0).float()
    presence, handedness = scores.train().answer(x)
    of_presence = F.binary_cross_entropy_with_logits(presence, present, reduction="none")
    of_side = F.binary_cross_entropy_with_logits(handedness, side.clamp(0, 1), reduction="none")
    return (weights * of_presence).mean() + (known * of_side).sum() / known.sum().clamp(min=1)


def _balanced(present: NDArray[np.bool_], source: NDArray[np.str_]) -> NDArray[np.float32]:
    """Weights by which crops with and without a hand count alike, and a small source is heard."""
    weights = np.ones(len(present), np.float32)
    for name in np.unique(source):
        rows = source == name
        weights[rows] /= np.sqrt(rows.sum())
    for kind in (True, False):
        rows = present == kind
        weights[rows] *= 0.5 * len(weights) / max(float(weights[rows].sum()), 1e-9)
    return weights


def probabilities(scores: LandmarkScores, inputs: NDArray[np.float32]) -> tuple[Float64, Float64]:
    """Presence and handedness, (N,) each, of inputs (N, N_INPUTS)."""
    presence, handedness = _logits(scores, inputs)
    return presence.sigmoid().numpy().astype(np.float64), handedness.sigmoid().numpy().astype(np.float64)


def _logits(scores: LandmarkScores, inputs: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        answers = [scores.eval().answer(part) for part in torch.from_numpy(inputs).split(4096)]
    return torch.cat([a[0] for a in answers]), torch.cat([a[1] for a in answers])


def report(scores: LandmarkScores, features: Features) -> dict[str, dict[str, float]]:
    """For each source, of its held-out crops: how many, believed to be hands, side right; beside both, what
    the landmark network itself says (its own logits, above zero)."""
    figures: dict[str, dict[str, float]] = {}
    for name in np.unique(features.source):
        rows = features.held_out & (features.source == name)
        if not rows.any():
            continue
        x = features.inputs[rows]
        presence, handedness = probabilities(scores, x)
        own = x[:, -2:]
        figures[str(name)] = {
            "views": len(x),
            "present": float(features.present[rows].mean()),
            "believed": float((presence > 0.5).mean()),
            "own_believed": float((own[:, 0] > 0).mean()),
        }
        known = features.right[rows] >= 0
        if known.any():
            truth = features.right[rows][known] == 1
            figures[str(name)] |= {
                "side_right": float(((handedness[known] > 0.5) == truth).mean()),
                "own_side_right": float(((own[known, 1] > 0) == truth).mean()),
            }
    return figures
