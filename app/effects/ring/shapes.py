"""Rings built by code: a profile turned about the finger's axis (z), the dorsal side at +y. Metres."""

from __future__ import annotations

import numpy as np

from app.render.scene import Geometry
from models.types import Float32, Float64

_EXPONENT = 3.2  # of the superellipse that rounds the outside: 2 is a half round wire, large is square
_DOME = 0.28  # how far the outside falls towards the edges, of the band's thickness
_COMFORT = 0.22  # the same for the inside, which bulges towards the finger


def band_profile(inner_radius_m: float, width_m: float, thickness_m: float) -> Float64:
    """(P, 2) closed outline (radius, along the axis), finely sampled, of a comfort-fit band.

    Outside a low dome, inside a gentle bulge whose narrowest place has the inner radius, edges rounded.
    """
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    power = 2 / _EXPONENT
    z = np.sign(s) * np.abs(s) ** power
    r = np.sign(c) * np.abs(c) ** power
    dome = np.where(c > 0, _DOME, -_COMFORT) * np.abs(r) * z**2
    return np.stack([inner_radius_m + thickness_m * (0.5 + 0.5 * r - dome), 0.5 * width_m * z], 1)


def sparser(outline: Float64, points: int) -> tuple[Float64, Float64]:
    """(points, 2) of a fine closed outline, closer together where it turns, and its normals there."""
    step = np.roll(outline, -1, 0) - outline
    length = np.linalg.norm(step, axis=1)
    heading = np.arctan2(step[:, 1], step[:, 0])
    turn = np.abs((np.roll(heading, -1) - heading + np.pi) % (2 * np.pi) - np.pi)
    effort = np.cumsum(length / length.sum() + turn / turn.sum())
    chosen = np.searchsorted(effort, np.arange(points) / points * effort[-1])
    tangent = np.roll(outline, -1, 0)[chosen] - np.roll(outline, 1, 0)[chosen]
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    return outline[chosen], normal / np.linalg.norm(normal, axis=1, keepdims=True)


def lathe(outline: Float64, points: int = 18, turns: int = 72) -> Geometry:
    """Turn a fine closed outline (P, 2) of (radius, z), counter-clockwise with z upwards, about z."""
    profile, normal = sparser(outline, points)
    own = np.linalg.norm(profile - np.roll(profile, 1, 0), axis=1) > 1e-7  # at a sharp edge some coincide
    profile, normal = profile[own], normal[own]
    p = len(profile)
    angle = np.linspace(0, 2 * np.pi, turns, endpoint=False)
    spoke = np.stack([np.cos(angle), np.sin(angle)], 1)

    def turned(outline: Float64) -> Float32:
        xy = spoke[:, None, :] * outline[None, :, :1]
        z = np.broadcast_to(outline[None, :, 1:], (turns, p, 1))
        return np.concatenate([xy, z], 2).reshape(-1, 3).astype(np.float32)

    i, k = np.meshgrid(np.arange(turns), np.arange(p), indexing="ij")
    at = (i * p + k).ravel()
    beside = (i * p + (k + 1) % p).ravel()
    next_at = ((i + 1) % turns * p + k).ravel()
    next_beside = ((i + 1) % turns * p + (k + 1) % p).ravel()
    faces = np.concatenate(
        [np.stack([at, next_at, next_beside], 1), np.stack([at, next_beside, beside], 1)]
    ).astype(np.int32)
    return Geometry(turned(profile), turned(normal), faces)


def around(
    angle: Float64, inner_radius_m: float, width_m: Float64, thickness_m: Float64, points: int
) -> Float64:
    """(T, points, 3) cross-sections, each a comfort-fit band's in its own measures, at angles (T,)."""
    unit, _ = sparser(band_profile(0.0, 2.0, 1.0), points)
    r = inner_radius_m + thickness_m[:, None] * unit[:, 0]
    z = 0.5 * width_m[:, None] * unit[:, 1]
    return np.stack([r * np.cos(angle)[:, None], r * np.sin(angle)[:, None], z], 2)


def denser_at_top(count: int) -> Float64:
    """(count,) angles once around, twice as close together at +y as at -y."""
    even = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return even + np.cos(even) / 3


def rise(value: Float64, start: float, end: float) -> Float64:
    """0 up to `start`, 1 from `end` on, smooth between."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)
