"""A solitaire: a stone of the weight of a six-millimetre brilliant, in claws on a slender shank."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from app.effects.ring.cuts import ROUND, claw_places, cut_stone, outline, width_of
from app.effects.ring.model import Design, RingModel, RingPart
from app.effects.ring.shapes import around, denser_at_top, rise
from app.effects.ring.stones import CROWN_DEG
from app.effects.solids import joined, swept, tube
from app.render.scene import Geometry

STONE_M = 0.0060  # about 0.8 carat
WIDTH_M, NARROW_M = 0.0021, 0.0017  # of the shank, below and beside the stone
THICKNESS_M = 0.0017
GIRDLE_M = 0.0046  # the stone's girdle above the finger: the culet stays clear of it
CLAW_M, TIP_M = 0.00042, 0.00036  # radii
GALLERY_M = 0.00038  # radius of the wire that ties the claws together


def solitaire(inner_radius_m: float, cut: str = ROUND) -> RingModel:
    """The head keeps its proportions on every finger."""
    width_m = width_of(cut, STONE_M)
    angle = denser_at_top(96)
    off_top = np.abs((angle - np.pi / 2 + np.pi) % (2 * np.pi) - np.pi)
    width = NARROW_M + (WIDTH_M - NARROW_M) * rise(off_top, 0.1, 1.4)
    shank = swept(around(angle, inner_radius_m, width, np.full(len(angle), THICKNESS_M), 18), closed=True)
    stone = replace(cut_stone(cut, width_m), copies=_lifted(inner_radius_m + GIRDLE_M)[None])
    return RingModel(
        (
            RingPart(shank, "metal"),
            RingPart(claw_head(inner_radius_m, cut, width_m), "metal", rigid=True),
            RingPart(stone, "stone", rigid=True),
        ),
        inner_radius_m,
        inner_radius_m + THICKNESS_M,
        WIDTH_M / 2,
    )


def _lifted(height_m: float) -> np.ndarray:
    """(4, 4) a move along +y."""
    pose = np.eye(4)
    pose[1, 3] = height_m
    return pose


def claw_head(inner_radius_m: float, cut: str, width_m: float) -> Geometry:
    """Claws that rise from the shank, hold the girdle and bend over the crown, and their gallery."""
    r = width_m / 2
    girdle = inner_radius_m + GIRDLE_M
    crown = np.tan(np.radians(CROWN_DEG))
    # (of the way from the stone's axis to its girdle, up) of a claw's middle
    stations = np.array(
        [
            (0.30, inner_radius_m + 0.72 * THICKNESS_M),
            (0.52, inner_radius_m + 1.10 * THICKNESS_M),
            (0.80, girdle - 0.42 * r),
            (1.02, girdle - 0.02 * r),
            (1.01, girdle + 0.10 * r),
            (0.90, girdle + 0.10 * r * crown + 0.17 * r),
        ]
    )
    steps = np.linspace(0, len(stations) - 1, 22)
    away, up = (_smooth(stations[:, k], steps) for k in range(2))
    radii = np.interp(steps, [0, 3, 5], [1.1 * CLAW_M, CLAW_M, TIP_M])
    solids = []
    for x, z in claw_places(cut, width_m):
        path = np.stack([away * x, up, away * z], 1)
        solids.append(tube(path, radii, corners=10))
    gallery_height = inner_radius_m + 1.25 * THICKNESS_M
    scale = float(np.interp(gallery_height, up[:15], away[:15]))
    solids.append(_hoop(scale * outline(cut, width_m, 40), gallery_height))
    return joined(*solids)


def _hoop(path: np.ndarray, height_m: float) -> Geometry:
    """A wire ring about the stone's axis, along (N, 2) points across and along the finger."""
    corner = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    along = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    out = np.stack([along[:, 1], -along[:, 0]], 1)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    flat = path[:, None] + GALLERY_M * np.cos(corner)[None, :, None] * out[:, None]
    height = np.broadcast_to(height_m + GALLERY_M * np.sin(corner), flat.shape[:2])
    return swept(np.stack([flat[..., 0], height, flat[..., 1]], 2), closed=True)


def _smooth(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Through all values, without overshooting: what a bent wire does."""
    return PchipInterpolator(np.arange(len(values)), values)(at)


DESIGN = Design("solitaire", solitaire, order=30, has_stones=True, cuts=True)
