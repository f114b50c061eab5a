"""Where a ring touches its finger: what its contact shadow is shaped like. NumPy, no drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.render.scene import FOOTPRINT_SLICES, Footprint, Geometry
from models.types import Float64

_CLOSE_M = 0.0011  # above the finger, up to which a ring shades the skin below it
_SAMPLES = 12_000  # points on the surface


def footprint(geometries: Sequence[Geometry], inner_radius_m: float) -> Footprint:
    """Of a ring in its own frame: axis z, the finger's back at +y."""
    points = np.concatenate([_samples(geometry) for geometry in geometries])
    close = np.hypot(points[:, 0], points[:, 1]) < inner_radius_m + _CLOSE_M
    x, y, z = points[close].T
    slices = np.round(np.arctan2(x, y) / (2 * np.pi) * FOOTPRINT_SLICES).astype(int) % FOOTPRINT_SLICES
    low, high = np.full(FOOTPRINT_SLICES, np.inf), np.full(FOOTPRINT_SLICES, -np.inf)
    np.minimum.at(low, slices, z)
    np.maximum.at(high, slices, z)
    covered = np.flatnonzero(high >= low)
    if len(covered) == 0:
        return ()
    # A gap takes its shape from its neighbours: the shadow fades into it instead of leaping aside.
    away = np.abs(np.arange(FOOTPRINT_SLICES)[:, None] - covered)
    nearest = covered[np.minimum(away, FOOTPRINT_SLICES - away).argmin(1)]
    low, high = low[nearest], high[nearest]
    middle, half = (low + high) / 2, (high - low) / 2
    there = np.isin(np.arange(FOOTPRINT_SLICES), covered)
    return tuple((float(m), float(h), float(c)) for m, h, c in zip(middle, half, there, strict=True))


def _samples(geometry: Geometry) -> Float64:
    """(N, 3) points spread evenly over the surface, of all its copies."""
    vertices = geometry.vertices_m.astype(np.float64)
    a, b, c = (vertices[geometry.faces[:, k]] for k in range(3))
    area = np.cumsum(np.linalg.norm(np.cross(b - a, c - a), axis=1))
    rng = np.random.default_rng(0)
    which = np.searchsorted(area / area[-1], rng.random(_SAMPLES)).clip(max=len(a) - 1)
    u, v = rng.random((2, _SAMPLES, 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    points = np.concatenate([a[which] + u * (b - a)[which] + v * (c - a)[which], vertices])
    if geometry.copies is None:
        return points
    some = points[:: len(geometry.copies)]
    return np.concatenate([some @ pose[:3, :3].T + pose[:3, 3] for pose in geometry.copies])
