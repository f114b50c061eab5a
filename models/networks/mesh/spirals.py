"""Spiral neighbourhoods on a mesh: the vertex, its first ring, its second ring, ... in one turning order.

Lim et al. 2018 (SpiralNet), Gong et al. 2019 (SpiralNet++, fixed length and dilation); MobRecon eq. 4, M3DHMR
eq. 3. Rings turn counter-clockwise seen from outside and begin where the surface points most along one axis
common to all vertices, so that a place in the sequence means the same everywhere on the hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int = NDArray[np.int32]


def ordered_neighbours(faces: ArrayLike, n_vertices: int) -> list[list[int]]:
    """Each vertex's neighbours, counter-clockwise seen from outside; on a rim from one end to the other."""
    follows: list[dict[int, int]] = [{} for _ in range(n_vertices)]
    for a, b, c in np.asarray(faces).tolist():
        follows[a][b], follows[b][c], follows[c][a] = c, a, b
    fans = []
    for after in follows:
        ends = set(after) - set(after.values())  # a neighbour that none leads to: the start of an open fan
        v = min(ends) if ends else min(after, default=-1)
        fan: list[int] = []
        while v >= 0 and v not in fan:
            fan.append(v)
            v = after.get(v, -1)
        fans.append(fan)
    return fans


def _from(fan: list[int], first: int) -> list[int]:
    i = fan.index(first)
    return fan[i:] + fan[:i]


def _spiral(centre: int, start: int, fans: list[list[int]]) -> Iterator[int]:
    """The vertices around `centre`, ring by ring, to the end of the mesh."""
    ring = _from(fans[centre], start)
    seen = {centre, *ring}
    yield centre
    while ring:
        yield from ring
        outer: list[int] = []
        previous = ring[-1]
        for v in ring:
            # Between the ring's last vertex and its next one lie, in turning order, those farther out.
            inner = previous if previous in fans[v] else next(w for w in fans[v] if w in seen)
            outer += [w for w in _from(fans[v], inner) if w not in seen]
            seen.update(fans[v])
            previous = v
        ring = outer


def spirals(
    vertices: ArrayLike, faces: ArrayLike, length: int, dilation: int = 1, regions: ArrayLike | None = None
) -> Int:
    """(V, length) vertex indices: each row a spiral that begins with its own vertex.

    vertices: (V, 3), any unit. With a dilation d, every d-th vertex of a spiral d times as long. With regions
    (V,), only vertices of the centre's own region count (M3DHMR's region of interest). Where there are too
    few, the rest repeats the centre.
    """
    x = np.asarray(vertices, np.float64)
    if length < 1 or dilation < 1:
        raise ValueError(f"spirals: length and dilation must be at least 1, got {length} and {dilation}")
    fans = ordered_neighbours(faces, len(x))
    u = np.linalg.svd(x - x.mean(0), full_matrices=False)[2][0]  # the hand's long axis
    u = u if (x.mean(0) - x[_rim(fans)].mean(0)) @ u >= 0 else -u  # away from the open wrist
    region = None if regions is None else np.asarray(regions)
    rows = np.empty((len(x), length), np.int32)
    for v, fan in enumerate(fans):
        start = fan[int(np.argmax((x[fan] - x[v]) @ u / np.linalg.norm(x[fan] - x[v], axis=1)))]
        spiral = _spiral(v, start, fans)
        if region is not None:
            own = region[v]
            spiral = (w for w in spiral if region[w] == own)
        row = list(islice(spiral, 0, length * dilation, dilation))
        rows[v] = row + [v] * (length - len(row))
    return rows


def _rim(fans: list[list[int]]) -> list[int]:
    """Vertices whose fan does not close; all of them on a closed mesh."""
    edges = {(v, w) for v, fan in enumerate(fans) for w in fan}
    open_ends = [v for v, fan in enumerate(fans) if fan and (fan[0], fan[-1]) not in edges]
    return open_ends or list(range(len(fans)))
