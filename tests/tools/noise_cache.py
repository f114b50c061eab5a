"""A cache of hands whose maps are noise, for tools that learn from one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from models.hand.hand_data import load_open_hand
from models.networks.layers.skinning import HandSkinning
from models.training.maps.cache import MapCache
from models.training.maps.drawn import DRAWN_COLUMNS
from models.training.maps.pose_pairs import PairSource


def noise_cache(folder: Path, n: int = 4) -> Path:
    """Of so many hands, in a new folder."""
    hand = load_open_hand()
    p = PairSource(hand, seed=2, bank=256).draw(n)
    with torch.no_grad():
        V, J = HandSkinning(hand)(p.R, p.betas)
    rng = np.random.default_rng(0)
    rows = {name: np.zeros((n, *c.shape), np.float32) for name, c in DRAWN_COLUMNS.items()}
    rows |= {name: rng.random((n, *DRAWN_COLUMNS[name].shape), np.float32) for name in ("f56", "f28", "f14")}
    rows["joints_px"] = torch.cat([224 * p.joints_2d, 2240 * p.joints_m[..., 2:]], -1).numpy()
    rows["world_m"], rows["focal"], rows["visible"] = p.joints_m.numpy(), p.focal.numpy(), np.ones(n)
    rows["true_vertices_m"], rows["true_joints_m"] = ((x + p.root_m[:, None]).numpy() for x in (V, J))
    scales = {f: np.full(DRAWN_COLUMNS[f].shape[0], 1 / 127, np.float32) for f in ("f56", "f28", "f14")}
    MapCache.create(folder, n, DRAWN_COLUMNS, scales).append(rows)
    return folder
