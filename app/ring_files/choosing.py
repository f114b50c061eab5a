"""Which of the things in a file is the ring that is worn: not the other ring of a pair, not the stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.ring_files.bodies import body_of, split, welded
from app.ring_files.hole import Hole
from app.ring_files.piece import Float64, Piece, Unusable
from app.ring_files.several import APART, REACH, apart, band_axes, fills, hole_of
from app.ring_files.words import names_scenery

_LONGEST = 3.5  # half a band's breadth, in inner radii: an armour ring has 2.8
_FAR_REACH = 4.0  # of one body alone: beyond, the band is part of something else
_MOST_RINGS = 8
_BAND = 0.5  # a band's hole over the one that all together leave, at least
_LOOKED_AT, _CLOSELY = 40, 3  # bodies that may be a band where the whole has no hole, the largest first
_MOST_SPLIT = 1_500_000  # triangles
_NO_HOLE = (
    "it has no hole for a finger; give a ring, open by less than a third, "
    "without a stand or a finger through it"
)


@dataclass(frozen=True, eq=False)
class Ring:
    """One ring of a file."""

    name: str
    pieces: tuple[Piece, ...]
    hole: Hole


def rings_of(pieces: Sequence[Piece]) -> tuple[list[Ring], int]:
    """Every ring in a file, in the file's order, and how many other things there are. Raises Unusable."""
    plain = [piece for piece in pieces if not names_scenery(" ".join(piece.names[:2]))]
    if 0 < len(plain) < len(pieces):
        try:
            rings, others = _found(_bodies(plain))
            return rings, others + len(pieces) - len(plain)
        except Unusable:
            pass  # the names mislead
    return _found(_bodies(pieces))


def _found(bodies: list[Piece]) -> tuple[list[Ring], int]:
    """Each ring by its own band where several stand apart; else one by one, the widest hole first."""
    groups, left = apart(bodies)
    found: list[Ring] = []
    for members, hole in groups:
        try:
            rings, more = _one_by_one(members) if hole is None else ([_ring(members, hole)], 0)
        except Unusable:
            rings, more = [], len(members)
        found += rings
        left += more
    if not found:
        found, left = _one_by_one(bodies)
    first = {id(body): k for k, body in enumerate(bodies)}
    found.sort(key=lambda ring: min(first[id(piece)] for piece in ring.pieces))
    return _told_apart(found), left


def _ring(bodies: list[Piece], hole: Hole) -> Ring:
    return Ring(_name(bodies), tuple(bodies), hole)


def _told_apart(rings: list[Ring]) -> list[Ring]:
    """The same with names, each its own."""
    named = [replace(ring, name=ring.name or f"ring {k + 1}") for k, ring in enumerate(rings)]
    alike = Counter(ring.name for ring in named)
    return [
        replace(ring, name=f"{ring.name} {k + 1}") if alike[ring.name] > 1 else ring
        for k, ring in enumerate(named)
    ]


def _one_by_one(bodies: list[Piece]) -> tuple[list[Ring], int]:
    found: list[Ring] = []
    rest = bodies
    while len(found) < _MOST_RINGS:
        if found and not any(len(band_axes(body.vertices)) for body in rest):
            break
        try:
            taken = _a_ring(rest) if rest else None
        except Unusable:
            if not found:
                raise
            taken = None  # a stand that looks like part of a ring: it stands beside the one found
        if taken is None:
            break
        members, hole = taken
        found += _stacked(members, hole)
        kept = {id(body) for body in members}
        rest = [body for body in rest if id(body) not in kept]
    if not found:
        raise Unusable(_NO_HOLE)
    return found, len(rest)


def _bodies(pieces: Sequence[Piece]) -> list[Piece]:
    """A piece for each connected body."""
    made = []
    total = sum(len(piece.faces) for piece in pieces)
    for piece in pieces:
        v, f = welded(piece.vertices, piece.faces)
        if len(f) == 0:
            continue
        body = body_of(f, len(v)) if total <= _MOST_SPLIT else np.zeros(len(f), np.int64)
        made += [replace(piece, vertices=own_v, faces=own_f) for own_v, own_f in split(v, f, body)]
    if not made:
        raise Unusable("it holds no triangles with an area")
    return made


def _a_ring(bodies: list[Piece]) -> tuple[list[Piece], Hole] | None:
    """The bodies of one ring among these, and its hole."""
    hole = hole_of(bodies)
    if len(bodies) == 1:
        return None if hole is None else _alone(bodies[0], hole)
    long = hole is not None and hole.half_width > _LONGEST * hole.inner_radius
    if hole is None or long or not any(surrounds(body.vertices, hole) for body in bodies):
        # Nothing lies all around it: a chain's links do together, and a ring and its stand by accident.
        found = _around_a_band(bodies, 0.0 if hole is None or long else _BAND * hole.inner_radius)
        if found is not None or hole is None:
            return found
    members = _near(bodies, hole)
    if len(members) == len(bodies):
        return members, hole
    again = hole_of(members) if members else None
    return _around_a_band(bodies, 0.0) if again is None else (members, again)


def _alone(body: Piece, hole: Hole) -> tuple[list[Piece], Hole]:
    """A ring of one body. Raises Unusable for one that is a small part of it."""
    reach = float(np.linalg.norm(body.vertices - hole.center, axis=1).max()) / hole.outer_radius
    if reach <= _FAR_REACH:
        return [body], hole
    raise Unusable(
        f"it reaches {reach:.0f} times as far as its band: a ring joined to a stand or a hand; "
        "export the ring alone"
    )


def _around_a_band(bodies: list[Piece], at_least: float) -> tuple[list[Piece], Hole] | None:
    """The same where one body is the band; what stands in its hole is left out. at_least: inner radius."""
    largest = sorted(bodies, key=lambda body: -float(np.ptp(body.vertices, axis=0).max()))
    for body in [body for body in largest[:_LOOKED_AT] if len(band_axes(body.vertices))][:_CLOSELY]:
        hole = hole_of([body])
        if hole is None or hole.inner_radius < at_least or not _near([body], hole):
            continue
        members = [other for other in _near(bodies, hole) if other is body or not fills(other, hole)]
        return members, hole_of(members) or hole
    return None


def _near(bodies: Sequence[Piece], hole: Hole) -> list[Piece]:
    """Those that lie within a ring's reach of the hole's middle."""
    most = REACH * hole.outer_radius
    return [b for b in bodies if np.linalg.norm(b.vertices - hole.center, axis=1).max() <= most]


def _stacked(bodies: list[Piece], hole: Hole) -> list[Ring]:
    """One ring, or the several that stand one behind the other on one axis."""
    bands = [(body, *_along(body.vertices, hole)) for body in bodies if surrounds(body.vertices, hole)]
    bands.sort(key=lambda band: band[1])
    groups: list[list[Piece]] = []
    end = -np.inf
    for body, low, high in bands:
        if low > end + APART * hole.inner_radius:
            groups.append([])
        groups[-1].append(body)
        end = max(end, high)
    if len(groups) < 2:
        return [_ring(bodies, hole)]
    middles = np.array([np.mean([_along(b.vertices, hole) for b in group]) for group in groups])
    known = {id(body) for group in groups for body in group}
    for body in bodies:
        if id(body) not in known:
            nearest = int(np.argmin(np.abs(middles - np.mean(_along(body.vertices, hole)))))
            groups[nearest].append(body)
    along = hole.axis[None]
    return [_ring(group, own) for group in groups if (own := hole_of(group, along)) is not None] or [
        _ring(bodies, hole)
    ]


def _along(vertices: Float64, hole: Hole) -> tuple[float, float]:
    height = (vertices - hole.center) @ hole.axis
    return float(height.min()), float(height.max())


def surrounds(vertices: Float64, hole: Hole) -> bool:
    """Whether a body lies all around the finger, as a band does; an open one may leave a gap."""
    off = vertices - hole.center
    x, y = off @ hole.across, off @ hole.up
    close = np.hypot(x, y) < 1.7 * hole.inner_radius
    angle = np.sort(np.arctan2(y[close], x[close]))
    if len(angle) < 6:
        return False
    return bool(np.diff(angle, append=angle[0] + 2 * np.pi).max() < np.radians(150))


def _name(bodies: Sequence[Piece]) -> str:
    largest = max(bodies, key=lambda body: float(np.ptp(body.vertices, axis=0).max()))
    return next((name for name in largest.names if name), "")[:40]
