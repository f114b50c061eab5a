"""Several rings in one file, as on a tray or in a set: each by its own band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.ring_files.hole import Hole, find_hole
from app.ring_files.piece import Float64, Piece

REACH = 2.7  # a ring's farthest point from its middle, in radii of its band's outside
APART = 0.3  # inner radii between two bands on one axis, from which on they are two rings
_FEWEST = 24  # vertices of a band
_EMPTY = 0.25  # of a band's reach, around its middle, is free of it
_LOOKED_AT = 120  # bodies, the largest first
_MOST_RINGS = 60  # more bands are a chain's links
_ALIKE = 1.9  # the largest ring's hole over the smallest one's
_CLOSE = 0.8  # bands whose middles are nearer than this, in the sum of their radii, may be one ring
_PARALLEL = np.cos(np.radians(12.0))
_OFF_AXIS = 0.3  # inner radii: bands on one axis
_ROUND = 0.35  # of a band's size is its hole, at least; less has a hook's eye

Members = list[Piece]


def apart(bodies: Sequence[Piece]) -> tuple[list[tuple[Members, Hole | None]], int]:
    """The bodies of each ring, if there are several that stand apart, and how many others there are.

    The hole is None where a ring has several bands that are not on one axis, as a chain's links are.
    Nothing where there is one ring, or none.
    """
    bands = _rings_alone(_bands(bodies))
    groups = _groups(bands)
    if len(groups) < 2:
        return [], 0
    home = {id(bands[k][0]): g for g, group in enumerate(groups) for k in group}
    holes = [hole for _, hole in bands]
    members: list[Members] = [[] for _ in groups]
    others = 0
    for body in bodies:
        at = home.get(id(body), -1)
        at = _nearest(body, groups, holes) if at < 0 else at
        if at < 0:
            others += 1
        else:
            members[at].append(body)
    rings: list[tuple[Members, Hole | None]] = []
    for group, own in zip(groups, members, strict=True):
        hole = holes[group[0]] if all(_on_one_axis(holes[group[0]], holes[k]) for k in group) else None
        if hole is not None and len(own) > 1:
            hole = hole_of(own, hole.axis[None]) or hole  # which way its head is
        rings.append((own, hole))
    return rings, others


def hole_of(bodies: Sequence[Piece], along: Float64 | None = None) -> Hole | None:
    """The hole that bodies have together. along: as `find_hole` takes it."""
    first = np.cumsum([0, *(len(body.vertices) for body in bodies[:-1])])
    faces = np.concatenate([body.faces + k for body, k in zip(bodies, first, strict=True)])
    return find_hole(np.concatenate([body.vertices for body in bodies]), faces, along)


def fills(body: Piece, hole: Hole) -> bool:
    """Whether a body stands in the finger's place, as a stand does; a stone's tip may reach into it."""
    off = body.vertices[body.faces].mean(1) - hole.center
    height = off @ hole.axis
    away = np.linalg.norm(off - height[:, None] * hole.axis, axis=1)
    inside = (away < 0.97 * hole.inner_radius) & (np.abs(height) < 3 * hole.inner_radius)
    return bool(inside.mean() > 0.5)


def band_axes(vertices: Float64) -> Float64:
    """(N, 3) the main axes along which a body is seen to lie all around its own middle: none for most."""
    if len(vertices) < _FEWEST:
        return np.zeros((0, 3))
    some = vertices[:: 1 + len(vertices) // 2000] - 0.5 * (vertices.min(0) + vertices.max(0))
    axes = np.linalg.svd(some, full_matrices=False)[2]
    away = np.linalg.norm(some[:, None] - (some @ axes.T)[..., None] * axes, axis=2)
    return np.asarray(axes[away.min(0) > _EMPTY * away.max(0)], np.float64)


def _bands(bodies: Sequence[Piece]) -> list[tuple[Piece, Hole]]:
    """Those that are bands, each with its own hole."""
    largest = sorted(bodies, key=lambda body: -float(np.ptp(body.vertices, axis=0).max()))
    found = []
    for body in largest[:_LOOKED_AT]:
        axes = band_axes(body.vertices)
        hole = find_hole(body.vertices, body.faces, axes) if len(axes) else None
        if hole is not None and 2 * hole.inner_radius > _ROUND * np.ptp(body.vertices, axis=0).max():
            found.append((body, hole))
    return found if len(found) <= _MOST_RINGS else []


def _rings_alone(bands: list[tuple[Piece, Hole]]) -> list[tuple[Piece, Hole]]:
    """Without frames around rings and the rims of settings on them; those of about one size, the most."""
    holes = [hole for _, hole in bands]
    kept = [
        band
        for band in bands
        if not any(_stands_in(other, band[1]) or _is_part_of(band[1], other) for other in holes)
    ]
    best: list[tuple[Piece, Hole]] = []
    for _, smallest in sorted(kept, key=lambda band: -band[1].inner_radius):
        alike = [b for b in kept if 1 <= b[1].inner_radius / smallest.inner_radius <= _ALIKE]
        best = alike if len(alike) > len(best) else best
    return best


def _stands_in(ring: Hole, frame: Hole) -> bool:
    """Whether a band is in another one's finger's place, with room around it."""
    off = ring.center - frame.center
    height = float(off @ frame.axis)
    away = float(np.linalg.norm(off - height * frame.axis))
    room = away + ring.outer_radius < 0.9 * frame.inner_radius
    return room and ring.outer_radius < 0.7 * frame.inner_radius and abs(height) < frame.outer_radius


def _is_part_of(rim: Hole, ring: Hole) -> bool:
    """Whether a small band is on a large one, as a bezel's rim or a halo is."""
    near = float(np.linalg.norm(rim.center - ring.center)) < REACH * ring.outer_radius
    return near and rim.inner_radius < 0.5 * ring.inner_radius and not _stands_in(rim, ring)


def _groups(bands: list[tuple[Piece, Hole]]) -> list[list[int]]:
    """Bands that may be one ring's, by their places in the list: they lie close, or one through the other."""
    group = list(range(len(bands)))
    for k, a in enumerate(bands):
        for m, b in enumerate(bands[:k]):
            if group[k] != group[m] and _one_ring(a, b):
                old, new = group[k], group[m]
                group = [new if g == old else g for g in group]
    return [[k for k, g in enumerate(group) if g == name] for name in dict.fromkeys(group)]


def _one_ring(a: tuple[Piece, Hole], b: tuple[Piece, Hole]) -> bool:
    if _threads(a[0], b[1]) or _threads(b[0], a[1]):
        return True
    if abs(float(a[1].axis @ b[1].axis)) > _PARALLEL:
        heights = [body.vertices @ b[1].axis for body, _ in (a, b)]
        gap = max(h.min() for h in heights) - min(h.max() for h in heights)
        if gap > APART * b[1].inner_radius:
            return False  # one behind the other
    off = float(np.linalg.norm(a[1].center - b[1].center))
    return off < _CLOSE * (a[1].outer_radius + b[1].outer_radius)


def _on_one_axis(a: Hole, b: Hole) -> bool:
    off = a.center - b.center
    away = float(np.linalg.norm(off - (off @ b.axis) * b.axis))
    return abs(float(a.axis @ b.axis)) > _PARALLEL and away < _OFF_AXIS * b.inner_radius


def _threads(body: Piece, hole: Hole) -> bool:
    """Whether a body passes through a hole, as a chain's link does through the next."""
    off = body.vertices - hole.center
    height = off @ hole.axis
    away = np.linalg.norm(off - height[:, None] * hole.axis, axis=1)
    return bool(((away < 0.9 * hole.inner_radius) & (np.abs(height) < hole.half_width)).any())


def _nearest(body: Piece, groups: list[list[int]], holes: list[Hole]) -> int:
    """Which group a body belongs to; -1: none, or it is in a finger's place."""
    best, at = REACH, -1
    for g, group in enumerate(groups):
        for hole in (holes[k] for k in group):
            reach = float(np.linalg.norm(body.vertices - hole.center, axis=1).max()) / hole.outer_radius
            if reach < best:
                best, at = reach, g
                inside = fills(body, hole)
    return -1 if at < 0 or inside else at
