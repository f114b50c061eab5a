"""The cuts of stones: outlines seen from above, and convex stones with their facets. Metres."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.effects.ring.stones import brilliant
from app.effects.solids import faceted
from app.render.scene import Geometry
from models.types import Float64


@dataclass(frozen=True)
class Cut:
    """A stone's shape; lengths in fractions of its width across the finger, or of its outline."""

    length: float  # along the finger
    area: float  # of the width of a round stone of the same weight
    tiers_up: tuple[tuple[float, float], ...]  # scale of the outline, height: from the girdle to the table
    tiers_down: tuple[tuple[float, float], ...]
    corners: int  # of the outline
    claws: tuple[float, ...]  # where claws hold it, degrees from the finger's side to the fingertip


_BRILLIANT_UP = ((0.80, 0.10), (0.57, 0.155))
_BRILLIANT_DOWN = ((0.55, -0.22), (0.10, -0.41))
_STEP_UP = ((0.88, 0.07), (0.76, 0.12), (0.63, 0.15))
_STEP_DOWN = ((0.80, -0.13), (0.55, -0.27), (0.12, -0.40))
ROUND = "round brilliant"
CUTS: dict[str, Cut] = {
    ROUND: Cut(1.0, 1.0, (), (), 16, (30, 90, 150, 210, 270, 330)),
    "princess": Cut(1.0, 0.90, ((0.86, 0.09), (0.68, 0.13)), _STEP_DOWN, 8, (45, 135, 225, 315)),
    "oval": Cut(1.36, 0.86, _BRILLIANT_UP, _BRILLIANT_DOWN, 12, (40, 140, 220, 320)),
    "emerald": Cut(1.38, 0.84, _STEP_UP, _STEP_DOWN, 8, (52, 128, 232, 308)),
    "cushion": Cut(1.06, 0.95, _BRILLIANT_UP, _BRILLIANT_DOWN, 12, (45, 135, 225, 315)),
    "pear": Cut(1.50, 0.84, _BRILLIANT_UP, _BRILLIANT_DOWN, 12, (90, 200, 340, 250, 290)),
    "marquise": Cut(1.95, 0.74, _BRILLIANT_UP, _BRILLIANT_DOWN, 12, (90, 270, 25, 155, 205, 335)),
}


def outline(cut: str, width_m: float, count: int) -> Float64:
    """(count, 2) the girdle: across the finger, along it; counter-clockwise, convex."""
    shape = CUTS[cut]
    turn = 2 * np.pi * np.arange(count) / count
    c, s = np.cos(turn), np.sin(turn)
    if cut == "princess":
        x, z = _box(turn, 14.0)
    elif cut == "cushion":
        x, z = _box(turn, 3.4)
    elif cut == "emerald":
        x, z = _clipped(turn, 0.30, shape.length)
    elif cut == "pear":  # half an ellipse, and two arcs that meet in a point
        x, z = np.where(s > 0, c * (1 - 0.30 * s - 0.42 * s**3), c), np.where(s > 0, 1.22 * s, 0.78 * s)
        z = z - 0.22
    elif cut == "marquise":
        x, z = c * (1 - 0.34 * s**2), s
    else:
        x, z = c, s
    return 0.5 * width_m * np.stack([x, shape.length * z], 1)


def claw_places(cut: str, width_m: float) -> Float64:
    """(N, 2) points of the girdle that claws hold."""
    fine = outline(cut, width_m, 720)
    angle = np.degrees(np.arctan2(fine[:, 1], fine[:, 0])) % 360
    wanted = np.array(CUTS[cut].claws)[:, None]
    return fine[np.abs((angle - wanted + 180) % 360 - 180).argmin(1)]


def width_of(cut: str, round_m: float) -> float:
    """Width of a stone that weighs about what a round one of this diameter does."""
    return CUTS[cut].area * round_m


@lru_cache(maxsize=32)
def cut_stone(cut: str, width_m: float) -> Geometry:
    """A stone: table at +y, the girdle's middle at the origin, its length along z."""
    if cut == ROUND:
        return brilliant(width_m)
    shape = CUTS[cut]
    girdle = outline(cut, width_m, shape.corners)
    half = 0.015 * width_m
    levels = [
        *((scale, half + height * width_m) for scale, height in reversed(shape.tiers_up)),
        (1.0, half),
        (1.0, -half),
        *((scale, -half + height * width_m) for scale, height in shape.tiers_down),
    ]
    n = shape.corners
    corners = np.concatenate(
        [np.stack([s * girdle[:, 0], np.full(n, h), s * girdle[:, 1]], 1) for s, h in levels]
    )
    polygons = [list(range(n)), list(range((len(levels) - 1) * n, len(levels) * n))]
    for level in range(len(levels) - 1):
        first, second = level * n, (level + 1) * n
        polygons += [[first + k, first + (k + 1) % n, second + (k + 1) % n, second + k] for k in range(n)]
    return faceted(corners, polygons)


def _box(turn: Float64, exponent: float) -> tuple[Float64, Float64]:
    """A square with rounded corners, its corners at 45 degrees."""
    c, s = np.cos(turn), np.sin(turn)
    away = (np.abs(c) ** exponent + np.abs(s) ** exponent) ** (-1 / exponent)
    return away * c, away * s


def _clipped(turn: Float64, clip: float, length: float) -> tuple[Float64, Float64]:
    """A rectangle with its corners cut off. clip: of half the width."""
    quarter = np.array([[1.0, 0.0], [1.0, 1 - clip / length], [1 - clip, 1.0], [0.0, 1.0]])
    if len(turn) == 8:
        corner = quarter[1:3]
        points = np.concatenate([corner, corner[::-1] * [-1, 1], corner * [-1, -1], corner[::-1] * [1, -1]])
        return points[:, 0], points[:, 1]
    whole = np.concatenate(
        [
            quarter[:3],
            quarter[::-1][:3] * [-1, 1],
            quarter[:3] * [-1, -1],
            quarter[::-1][:3] * [1, -1],
            quarter[:1],
        ]
    )
    length_along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(whole, axis=0), axis=1))])
    at = turn / (2 * np.pi) * length_along[-1]
    return np.interp(at, length_along, whole[:, 0]), np.interp(at, length_along, whole[:, 1])
