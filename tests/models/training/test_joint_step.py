"""The joint stage's last step: what is linear in the encoder's mean map is found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.training.maps.cache import Column, MapCache
from models.training.maps.joint_step import Views, teach_joint_step

COLUMNS = {
    "pooled": Column((12,), "f2"),
    "joints_px": Column((21, 3), "f4"),
    "label_2d": Column((21, 2), "f4"),
    "weight": Column((), "f4"),
    "hand": Column((), "i4"),
}


def views(folder: Path, n: int = 600) -> tuple[Views, np.ndarray]:
    """Views of hands whose joints lie off the label by a linear function of the map, and by some noise."""
    random = np.random.default_rng(0)
    pooled = random.normal(0.5, 0.3, (n, 12)).astype(np.float16)
    true = random.normal(0, 0.02, (12, 42))
    off = pooled.astype(float) @ true + 0.01 + random.normal(0, 0.001, (n, 42))
    said = random.uniform(0.2, 0.8, (n, 21, 2))
    cache = MapCache.create(folder, n, COLUMNS, {})
    cache.append(
        {
            "pooled": pooled,
            "joints_px": np.concatenate([224 * said - 0.25, np.zeros((n, 21, 1))], -1),
            "label_2d": said + off.reshape(n, 21, 2),
            "weight": np.ones(n),
            "hand": np.arange(n) // 6,
        }
    )
    return Views(cache), true


def test_a_linear_error_is_taken_away(tmp_path: Path) -> None:
    some, true = views(tmp_path / "cache")
    step = nn.Linear(12, 42)
    before, after = teach_joint_step(step, some)
    assert after < 0.2 * before
    with torch.no_grad():
        left = some.off - step(torch.from_numpy(some.pooled)).numpy()
    assert np.abs(left).mean() < 0.1 * np.abs(some.off).mean()
    assert np.abs(step.weight.detach().numpy().T - true).mean() < 0.3 * np.abs(true).mean()


def test_a_cache_without_labels_is_refused(tmp_path: Path) -> None:
    cache = MapCache.create(tmp_path / "empty", 4, {"pooled": COLUMNS["pooled"]}, {})
    with pytest.raises(ValueError, match="labelled"):
        Views(cache)
