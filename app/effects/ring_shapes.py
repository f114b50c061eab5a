"""Rings built by code: a profile turned about the finger's axis (z), the dorsal side at +y. Metres."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.render.scene import Geometry

Float = NDArray[np.float64]

_EXPONENT = 3.2  # of the superellipse that rounds the outside: 2 is a half round wire, large is square
_COMFORT = 0.22  # how far the inside bulges towards the finger, of the band's thickness


def band_profile(inner_radius_m: float, width_m: float, thickness_m: float, points: int = 24) -> Float:
    """(points, 2) closed outline (radius, along the axis) of a comfort-fit band, smooth everywhere.

    Outside a low dome, inside a gentle bulge whose narrowest place has the inner radius, edges rounded.
    """
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    power = 2 / _EXPONENT
    z = 0.5 * width_m * np.sign(s) * np.abs(s) ** power
    r = 0.5 * thickness_m * np.sign(c) * np.abs(c) ** power
    across = 2 * z / width_m
    dome = np.where(c > 0, 0.28, _COMFORT) * thickness_m * across**2
    return np.stack([inner_radius_m + 0.5 * thickness_m + r - np.sign(c) * dome, z], 1)


def lathe(profile: Float, turns: int = 96) -> Geometry:
    """Turn a closed outline (P, 2) of (radius, z), counter-clockwise with z upwards, about z."""
    p = len(profile)
    tangent = np.roll(profile, -1, 0) - np.roll(profile, 1, 0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    angle = np.linspace(0, 2 * np.pi, turns, endpoint=False)
    spoke = np.stack([np.cos(angle), np.sin(angle)], 1)

    def turned(outline: Float) -> NDArray[np.float32]:
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


@lru_cache(maxsize=16)
def plain_band(inner_radius_m: float, width_m: float, thickness_m: float) -> Geometry:
    """A polished comfort-fit band. The same measures give the same object, which is uploaded only once."""
    return lathe(band_profile(inner_radius_m, width_m, thickness_m))
