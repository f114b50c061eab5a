"""Samples by what makes them hard: from where the hand is seen, and how much of it hides itself.

Both are read off the true 3D joints. What objects hide is not known to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.evaluation.metrics import palm_frames
from models.evaluation.uncertainty import mean_interval
from models.types import Handedness

VIEWS = ("palm", "back", "edge", "along the fingers")
OCCLUSIONS = ("0–2 joints hidden", "3–6 joints hidden", "7 or more hidden")
FACING = 0.64
"""Cosine of 50°: a palm within that of facing the camera counts as palm or back."""
FINGER_RADIUS_M, BEHIND_M = 0.008, 0.01  # of a bone that hides; how far behind it what is hidden lies

_PARENTS = np.array([0, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19])


def views(joints_m: ArrayLike, sides: list[Handedness]) -> list[str]:
    """One of VIEWS for each of (B, 21, 3) joints in the camera frame."""
    j = np.asarray(joints_m, np.float64)
    sight = j[:, [0, 5, 9, 13, 17]].mean(1)
    sight /= np.linalg.norm(sight, axis=1, keepdims=True)
    fingers, _, back = ((palm_frames(j, sides)[:, axis] * sight).sum(1) for axis in range(3))
    names = []
    for along, away in zip(fingers, back, strict=True):
        if abs(away) >= FACING:
            names.append("palm" if away > 0 else "back")
        else:
            names.append("along the fingers" if abs(along) >= FACING else "edge")
    return names


def occluded_joints(joints_m: ArrayLike) -> NDArray[np.bool_]:
    """(B, 21) joints that a bone of the same hand, taken 8 mm thick to each side, hides from the camera."""
    j = np.asarray(joints_m, np.float64)
    depth = np.linalg.norm(j, axis=-1)
    rays = j / depth[..., None]
    occluded = np.zeros(j.shape[:2], bool)
    for bone in range(1, 21):
        a, b = j[:, _PARENTS[bone], None], j[:, bone, None]
        # The bone's point that is nearest to each joint's ray: both seen across the ray.
        across = [p - (p * rays).sum(-1, keepdims=True) * rays for p in (a, b)]
        along = across[1] - across[0]
        fraction = -(across[0] * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-12)
        fraction = fraction.clip(0, 1)[..., None]
        off = np.linalg.norm(across[0] + fraction * along, axis=-1)
        near = ((a + fraction * (b - a)) * rays).sum(-1)
        covers = (off < FINGER_RADIUS_M) & (near < depth - FINGER_RADIUS_M - BEHIND_M)
        covers[:, [bone, _PARENTS[bone]]] = False
        occluded |= covers
    return occluded


def occlusions(joints_m: ArrayLike) -> list[str]:
    """One of OCCLUSIONS for each of (B, 21, 3) joints in the camera frame."""
    counts = occluded_joints(joints_m).sum(1)
    return [OCCLUSIONS[int(np.searchsorted((3, 7), n, "right"))] for n in counts]


def by_group(
    values: ArrayLike, names: list[str], order: tuple[str, ...], block: int = 1
) -> dict[str, dict[str, Any]]:
    """Mean, its 95 % interval and number of (B,) values in each group that has any. block: of intervals."""
    v, labels = np.asarray(values, np.float64), np.asarray(names)
    table: dict[str, dict[str, Any]] = {}
    for name in order:
        known = v[(labels == name) & np.isfinite(v)]
        if len(known):
            interval = mean_interval(known, block)
            table[name] = {
                "mean": round(float(known.mean()), 4),
                "ci95": None if interval is None else [round(end, 4) for end in interval],
                "samples": len(known),
            }
    return table
