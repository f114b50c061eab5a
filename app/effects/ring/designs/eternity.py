"""An eternity ring: small brilliants all around, shared claws between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.effects.ring.model import Design, RingModel, RingPart
from app.effects.ring.shapes import band_profile, lathe
from app.effects.ring.stones import brilliant
from app.effects.solids import ball, joined

STONE_M = 0.0023
PITCH_M = 0.00242  # from stone to stone, at their girdles
WIDTH_M = 0.0026
THICKNESS_M = 0.00155
GIRDLE_M = 0.00185  # above the finger
CLAW_M = 0.00032
CLAW_OFF_M = 0.00082  # from the band's middle, along the finger


def eternity(inner_radius_m: float) -> RingModel:
    """As many stones as fit around."""
    around_m = inner_radius_m + GIRDLE_M
    count = int(2 * np.pi * around_m / PITCH_M)
    turns = np.pi / 2 + 2 * np.pi * np.arange(count) / count
    stones = replace(brilliant(STONE_M), copies=np.stack([_facing(turn, around_m) for turn in turns]))
    claws = [
        ball(np.array([x, y, z]), CLAW_M)
        for x, y in (around_m + 0.0001) * _spokes(turns + np.pi / count)
        for z in (-CLAW_OFF_M, CLAW_OFF_M)
    ]
    band = lathe(band_profile(inner_radius_m, WIDTH_M, THICKNESS_M), turns=80)
    return RingModel(
        (RingPart(joined(band, *claws), "metal"), RingPart(stones, "stone")),
        inner_radius_m,
        inner_radius_m + THICKNESS_M,
        WIDTH_M / 2,
    )


def _spokes(turns: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(turns), np.sin(turns)], 1)


def _facing(turn: float, away_m: float) -> np.ndarray:
    """(4, 4) a stone's frame (table +y) to one that looks outward at this angle about z."""
    c, s = np.cos(turn), np.sin(turn)
    pose = np.eye(4)
    pose[:3, :3] = np.array([[s, c, 0], [-c, s, 0], [0, 0, 1]])
    pose[:2, 3] = away_m * c, away_m * s
    return pose


DESIGN = Design("eternity", eternity, order=40, has_stones=True)
