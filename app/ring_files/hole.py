"""The finger hole of a ring that nobody has described: where it is, along which axis, how wide.

The hole is the widest straight tunnel that the ring surrounds. Seen along its axis it is the largest circle
free of surface with surface on all sides, though an open ring may leave a gap. NumPy, no drawing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Float64 = NDArray[np.float64]

_SAMPLES = 20_000  # points on the surface
_ROUGHLY = 4_000  # of them, for a first look
_DIRECTIONS = 200  # looked along at first, spread over half a sphere
_GRID = 56  # cells across the ring's shadow in each
_WIDEST_GAP = np.radians(150.0)  # of an open ring
_SMALLEST = 0.04  # radius of a hole over the size of the ring's shadow
_REFINED = 3  # directions that are looked at closely ..
_TESTED = 3_000  # .. at so many points around the tunnel
_MOST_MOVED, _MOST_TILTED = 0.5, 0.3  # radii and radians from where it was seen first
_OPEN = np.radians(14.0)  # a gap from this on is where an open ring's middle is
_LOPSIDED = 0.02  # the surface's middle this far off the axis, in radii: there is a head


@dataclass(frozen=True)
class Hole:
    """In the frame and the units of the vertices it was found in."""

    center: Float64  # (3,) on the axis, in the middle of the band
    axis: Float64  # (3,) unit vector; which way is anybody's guess
    up: Float64  # (3,) unit vector from the axis to what the ring shows: its head, or an open ring's gap
    inner_radius: float
    outer_radius: float  # of the band, without what it carries
    half_width: float  # of the band, along the axis

    @property
    def across(self) -> Float64:
        """(3,) unit vector, up x axis: a right-handed frame (across, up, axis)."""
        return np.cross(self.up, self.axis)


def find_hole(vertices: Float64, faces: NDArray[np.integer], along: Float64 | None = None) -> Hole | None:
    """The hole of a triangle mesh (V, 3), (F, 3); None where there is none. Winding doesn't matter.

    along: (N, 3) unit vectors; only about these is it looked for. None: in all directions.
    """
    points, normals = _samples(np.asarray(vertices, np.float64), faces)
    middle, size = points.mean(0), float(np.ptp(points, axis=0).max())
    if not size > 0:
        return None
    points = (points - middle) / size
    axes = _directions(points[:_ROUGHLY]) if along is None else along
    found = [(*_widest(points[:_ROUGHLY], axis), axis) for axis in axes]
    found = sorted((f for f in found if f[0] > 0), key=lambda f: -f[0])
    chosen: list[tuple[float, Float64, Float64]] = []
    for candidate in found:
        if all(abs(candidate[2] @ c[2]) < np.cos(np.radians(12)) for c in chosen):
            chosen.append(candidate)
        if len(chosen) == _REFINED:
            break
    if not chosen:
        return None
    best = max((_refined(points, normals, *c) for c in chosen), key=lambda tunnel: tunnel[0])
    hole = _described(points, *best) if best[0] > 0 else None
    return hole and Hole(
        hole.center * size + middle,
        hole.axis,
        hole.up,
        hole.inner_radius * size,
        hole.outer_radius * size,
        hole.half_width * size,
    )


def _samples(vertices: Float64, faces: NDArray[np.integer]) -> tuple[Float64, Float64]:
    """Points spread evenly over the surface, and normals there."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    area = np.linalg.norm(cross, axis=1)
    # Even steps along the whole surface, not dice: on a round inside, dice tilt the axis by a degree or two.
    k = np.random.default_rng(0).permutation(_SAMPLES) + 0.5  # in no order: the first few are a fair sample
    which = np.searchsorted(np.cumsum(area) / area.sum(), k / _SAMPLES).clip(max=len(faces) - 1)
    u, v = (k * 0.7548776662 % 1)[:, None], (k * 0.5698402910 % 1)[:, None]  # the R2 sequence (Roberts 2018)
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    points = a[which] + u * (b - a)[which] + v * (c - a)[which]
    return points, cross[which] / np.maximum(area[which, None], 1e-300)


def _directions(points: Float64) -> Float64:
    """(N, 3) unit vectors over half a sphere, the points' own main axes first."""
    main = np.linalg.svd(points - points.mean(0), full_matrices=False)[2]
    k = np.arange(_DIRECTIONS) + 0.5
    z, turn = k / _DIRECTIONS, np.pi * (1 + 5**0.5) * k
    r = np.sqrt(1 - z * z)
    return np.concatenate([main, np.stack([r * np.cos(turn), r * np.sin(turn), z], 1)])


def _plane(axis: Float64) -> Float64:
    """(2, 3) two unit vectors square to the axis and to each other."""
    u = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    u /= np.linalg.norm(u)
    return np.stack([u, np.cross(axis, u)])


def _widest(points: Float64, axis: Float64) -> tuple[float, Float64]:
    """Radius (0: none) and centre (3,) of the largest surrounded circle in the shadow along an axis."""
    plane = _plane(axis)
    flat = points @ plane.T
    low = flat.min(0)
    cell = float(np.ptp(flat, axis=0).max()) / (_GRID - 5)
    cells = ((flat - low) / cell).astype(np.intp) + 2
    free = np.full((_GRID, _GRID), 255, np.uint8)
    free[cells[:, 1], cells[:, 0]] = 0
    distance = cv2.distanceTransform(free, cv2.DIST_L2, 5)
    peak = (distance == cv2.dilate(distance, np.ones((5, 5), np.uint8))) & (distance > _SMALLEST * _GRID)
    peak[[0, -1]] = peak[:, [0, -1]] = False  # beside the ring, where much is free
    y, x = np.nonzero(peak)
    some = cells[::4]
    for k in np.argsort(-distance[y, x])[:6]:
        radius = float(distance[y[k], x[k]])
        off = some - [x[k], y[k]]
        off = off[(off**2).sum(1) < (2.5 * radius) ** 2]
        if len(off) > 20 and _gap(np.arctan2(off[:, 1], off[:, 0]))[0] < _WIDEST_GAP:
            center = low + (np.array([x[k], y[k]]) - 1.5) * cell
            return radius * cell, center @ plane
    return 0.0, np.zeros(3)


def _gap(angles: Float64) -> tuple[float, float]:
    """The widest gap between angles, and its middle."""
    angles = np.sort(angles)
    gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
    k = int(np.argmax(gaps))
    return float(gaps[k]), float(angles[k] + gaps[k] / 2)


def _refined(
    points: Float64, normals: Float64, radius: float, center: Float64, axis: Float64
) -> tuple[float, Float64, Float64]:
    """The same tunnel, as wide as it gets by moving and tilting a little."""
    plane = _plane(axis)
    near = np.linalg.norm((points - center) @ plane.T, axis=1) < 1.6 * radius
    close, facing = points[near], normals[near]
    tested = close[np.linalg.norm((close - center) @ plane.T, axis=1) < 1.3 * radius][:_TESTED]
    if len(tested) < 50:
        return 0.0, center, axis

    def tunnel(x: Float64) -> tuple[Float64, Float64]:
        tilted = axis + x[2:] @ plane
        return center + x[:2] @ plane, tilted / np.linalg.norm(tilted)

    def narrowness(x: Float64) -> float:
        if np.abs(x[:2]).max() > _MOST_MOVED * radius or np.abs(x[2:]).max() > _MOST_TILTED:
            return 0.0
        at, along = tunnel(x)
        off = tested - at
        return -float(np.sqrt(((off**2).sum(1) - (off @ along) ** 2).min()))

    simplex = np.zeros((5, 4))
    simplex[1:] = np.diag([0.06 * radius] * 2 + [0.08] * 2)
    options = {"initial_simplex": simplex, "xatol": 1e-5, "fatol": 1e-6, "maxfev": 260}
    best = minimize(narrowness, np.zeros(4), method="Nelder-Mead", options=options)
    at, along = tunnel(best.x)
    off = close - at
    widest = float(np.sqrt(((off**2).sum(1) - (off @ along) ** 2).min()))
    # A round inside says more about the axis than its narrowest place: its normals are all square to it.
    at2, along2 = _square_to_inside(close, facing, at, along, widest)
    off = close - at2
    radius2 = float(np.sqrt(((off**2).sum(1) - (off @ along2) ** 2).min()))
    return (radius2, at2, along2) if radius2 > 0.985 * widest else (widest, at, along)


def _square_to_inside(
    close: Float64, normals: Float64, at: Float64, along: Float64, radius: float
) -> tuple[Float64, Float64]:
    for _ in range(8):
        off = close - at
        outward = off - (off @ along)[:, None] * along
        away = np.linalg.norm(outward, axis=1)
        facing = np.abs((outward * normals).sum(1)) / np.maximum(away, 1e-9)
        inside = (away < 1.12 * radius) & (facing > 0.75)
        if inside.sum() < 200:
            break
        along = np.linalg.eigh(normals[inside].T @ normals[inside])[1][:, 0]
        plane = _plane(along)
        flat = close[inside] @ plane.T
        # The circle through the inside: (x - c)² = r² is linear in c and r² - c².
        fit = np.linalg.lstsq(np.c_[2 * flat, np.ones(len(flat))], (flat**2).sum(1), rcond=None)[0]
        at = fit[:2] @ plane + (at @ along) * along
    return at, along


def _described(points: Float64, radius: float, at: Float64, along: Float64) -> Hole | None:
    """Where the band's middle is, where its head, how thick and wide it is. None: nothing surrounds it."""
    plane = _plane(along)
    flat, height = (points - at) @ plane.T, (points - at) @ along
    away, angle = np.linalg.norm(flat, axis=1), np.arctan2(flat[:, 1], flat[:, 0])
    band = away < 1.7 * radius
    gap, gap_at = _gap(angle[band])
    mean = flat.mean(0)
    if gap > _WIDEST_GAP:
        return None
    if gap > _OPEN:
        up_angle = gap_at
    elif np.linalg.norm(mean) > _LOPSIDED * radius:
        up_angle = float(np.arctan2(mean[1], mean[0]))
    else:
        up_angle = 0.0
    up = np.array([np.cos(up_angle), np.sin(up_angle)]) @ plane
    bins = ((angle - up_angle) % (2 * np.pi) / (2 * np.pi) * 48).astype(int) % 48
    palm_side = [bins == k for k in range(12, 36) if (bins == k).sum() > 10]  # away from the head
    outer = float(np.median([np.percentile(away[b], 99) for b in palm_side]))
    ends = np.median([np.percentile(height[b], [1, 99]) for b in palm_side], axis=0)
    return Hole(
        center=at + ends.mean() * along,
        axis=along,
        up=up,
        inner_radius=radius,
        outer_radius=max(outer, 1.02 * radius),
        half_width=max(float(np.ptp(ends)) / 2, 0.02 * radius),
    )
