"""Other ways to hold stones: one in a bezel; many in a channel; many in pavé."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.effects.ring.cuts import ROUND, cut_stone, outline, width_of
from app.effects.ring.designs.bands import profile_outline
from app.effects.ring.model import Design, RingModel, RingPart
from app.effects.ring.shapes import around, band_profile, denser_at_top, lathe
from app.effects.ring.stones import brilliant
from app.effects.solids import ball, joined, swept
from app.render.scene import Geometry

BEZEL_STONE_M, BEZEL_GIRDLE_M, WALL_M, LIP_M = 0.0055, 0.0034, 0.00055, 0.0003
SHANK_M, SHANK_WIDTH_M = 0.0016, 0.0024
CHANNEL_STONE_M, CHANNEL_WIDTH_M, CHANNEL_M, RAIL_M = 0.0021, 0.0036, 0.0019, 0.00055
PAVE_STONE_M, PAVE_WIDTH_M, PAVE_M, PAVE_ROWS = 0.00125, 0.0046, 0.0017, 3
_PAVED = np.radians(80.0)  # to both sides of the top: the palm's side is plain


def bezel(inner_radius_m: float, cut: str = ROUND) -> RingModel:
    """A wall of metal all around one stone."""
    width_m = width_of(cut, BEZEL_STONE_M)
    angle = denser_at_top(96)
    shape = np.full(len(angle), SHANK_WIDTH_M), np.full(len(angle), SHANK_M)
    shank = swept(around(angle, inner_radius_m, *shape, 18), closed=True)
    height = inner_radius_m + BEZEL_GIRDLE_M
    stone = replace(cut_stone(cut, width_m), copies=_facing(np.array([np.pi / 2]), height))
    wall = _wall(outline(cut, width_m, 72), inner_radius_m + 0.5 * SHANK_M, height)
    parts = (
        RingPart(shank, "metal"),
        RingPart(wall, "metal", rigid=True),
        RingPart(stone, "stone", rigid=True),
    )
    return RingModel(parts, inner_radius_m, inner_radius_m + SHANK_M, SHANK_WIDTH_M / 2)


def channel(inner_radius_m: float) -> RingModel:
    """Stones all around between two rails."""
    girdle = inner_radius_m + CHANNEL_M - 0.0001
    count = int(2 * np.pi * girdle / (1.03 * CHANNEL_STONE_M))
    turns = np.pi / 2 + 2 * np.pi * np.arange(count) / count
    stones = replace(brilliant(CHANNEL_STONE_M), copies=_facing(turns, girdle))
    floor = lathe(band_profile(inner_radius_m, CHANNEL_WIDTH_M, 0.0007), 20, 80)
    rails = []
    for side in (-1, 1):
        rail = profile_outline("flat", inner_radius_m + 0.00002, RAIL_M, CHANNEL_M)
        rail[:, 1] += side * 0.5 * (CHANNEL_WIDTH_M - RAIL_M)
        rails.append(lathe(rail, 16, 80))
    parts = RingPart(joined(floor, *rails), "metal"), RingPart(stones, "stone")
    return RingModel(parts, inner_radius_m, inner_radius_m + CHANNEL_M, CHANNEL_WIDTH_M / 2)


def pave(inner_radius_m: float) -> RingModel:
    """Rows of small stones, beads between them, on the finger's back."""
    girdle = inner_radius_m + PAVE_M + 0.00002
    pitch = 1.06 * PAVE_STONE_M
    count = int(2 * _PAVED * girdle / pitch)
    poses, beads = [], []
    for row in range(PAVE_ROWS):
        off = (row - (PAVE_ROWS - 1) / 2) * 0.95 * pitch
        turns = np.pi / 2 + (np.arange(count) - (count - 1) / 2 + 0.5 * (row % 2)) * pitch / girdle
        made = _facing(turns, girdle)
        made[:, 2, 3] = off
        poses.append(made)
        for turn in turns[:-1] + 0.5 * pitch / girdle:
            at = np.array([girdle * np.cos(turn), girdle * np.sin(turn), off])
            beads += [ball(at + np.array([0, 0, side * 0.42 * pitch]), 0.00017, 6) for side in (-1, 1)]
    stones = replace(brilliant(PAVE_STONE_M), copies=np.concatenate(poses))
    band = lathe(profile_outline("comfort fit", inner_radius_m, PAVE_WIDTH_M, PAVE_M), 28, 80)
    parts = RingPart(joined(band, *beads), "metal"), RingPart(stones, "stone")
    return RingModel(parts, inner_radius_m, inner_radius_m + PAVE_M, PAVE_WIDTH_M / 2)


def _wall(girdle: np.ndarray, bottom_m: float, height_m: float) -> Geometry:
    """A bezel around (N, 2) points across and along the finger, from the shank to over the girdle."""
    along = np.roll(girdle, -1, 0) - np.roll(girdle, 1, 0)
    out = np.stack([along[:, 1], -along[:, 0]], 1)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    section = np.array(  # outward from the girdle, up
        [
            (-0.25 * WALL_M, height_m + LIP_M),
            (0.00005, height_m - 0.0002),
            (-0.4 * WALL_M, bottom_m),
            (0.3 * WALL_M, bottom_m),
            (WALL_M, height_m - 0.0004),
            (WALL_M, height_m + 0.5 * LIP_M),
            (0.45 * WALL_M, height_m + 1.25 * LIP_M),
        ]
    )
    flat = girdle[:, None] + section[None, :, :1] * out[:, None]
    height = np.broadcast_to(section[:, 1], flat.shape[:2])
    return swept(np.stack([flat[..., 0], height, flat[..., 1]], 2), closed=True)


def _facing(turns: np.ndarray, away_m: float) -> np.ndarray:
    """(N, 4, 4) a stone's frame (table +y) to ones that look outward at these angles about z."""
    c, s = np.cos(turns), np.sin(turns)
    poses = np.tile(np.eye(4), (len(turns), 1, 1))
    poses[:, 0, 0], poses[:, 0, 1], poses[:, 1, 0], poses[:, 1, 1] = s, c, -c, s
    poses[:, 0, 3], poses[:, 1, 3] = away_m * c, away_m * s
    return poses


DESIGNS = (
    Design("bezel", bezel, order=31, has_stones=True, cuts=True),
    Design("channel", channel, order=41, has_stones=True),
    Design("pave", pave, order=42, has_stones=True),
)
