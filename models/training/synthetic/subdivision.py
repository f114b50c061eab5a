"""Loop subdivision as one sparse matrix: smooth pictures from a coarse mesh at the price of a product.

The rules are linear in the vertices and depend on the triangles alone, so a mesh that only deforms is
refined by `fine = matrix @ coarse`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Int = NDArray[np.int64]

_KEEP_STEPS = 2  # Richardson steps: the open hand moves by 0.25 mm (median) instead of 0.95


@dataclass(frozen=True)
class Refinement:
    """How a mesh of N vertices becomes one of M."""

    matrix: sparse.csr_matrix  # (M, N) float64, rows sum to 1
    faces: Int  # (F, 3) of the fine mesh, wound as the coarse ones


def _edges(faces: Int) -> tuple[Int, Int, Int, Int]:
    """Undirected edges (E, 2), the edge of each face side (F, 3), the corner opposite each side (F, 3),
    and the number of faces at each edge (E,)."""
    sides = np.sort(np.stack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]], 1), -1)
    edges, inverse, count = np.unique(sides.reshape(-1, 2), axis=0, return_inverse=True, return_counts=True)
    return edges, inverse.reshape(-1, 3), faces[:, [2, 0, 1]], count


def _step(faces: Int, n: int) -> tuple[sparse.csr_matrix, Int]:
    """One level of Loop's scheme (Loop 1987, with Warren's weights), boundaries as cubic B-splines."""
    edges, side_edge, opposite, count = _edges(faces)
    if count.max() > 2:
        raise ValueError("subdivision: expected a manifold mesh, got an edge with more than two faces")
    m = len(edges)
    border = edges[count == 1]
    on_border = np.zeros(n, bool)
    on_border[border] = True

    valence = np.bincount(edges.ravel(), minlength=n).clip(1)
    beta = np.where(valence == 3, 3 / 16, 3 / (8 * valence))
    ends = np.concatenate([edges, edges[:, ::-1]])  # directed: vertex, neighbour
    inner = ends[~on_border[ends[:, 0]]]
    along = np.concatenate([border, border[:, ::-1]])
    old = np.arange(n)
    rows = [old, inner[:, 0], along[:, 0]]
    columns = [old, inner[:, 1], along[:, 1]]
    values = [
        np.where(on_border, 0.75, 1 - valence * beta),
        beta[inner[:, 0]],
        np.full(len(along), 0.125),
    ]
    inside = count == 2
    for k in range(2):
        rows.append(n + np.arange(m))
        columns.append(edges[:, k])
        values.append(np.where(inside, 3 / 8, 1 / 2))
    flat_edge, flat_corner = side_edge.ravel(), opposite.ravel()
    keep = inside[flat_edge]
    rows.append(n + flat_edge[keep])
    columns.append(flat_corner[keep])
    values.append(np.full(int(keep.sum()), 1 / 8))
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    matrix = sparse.csr_matrix(entries, shape=(n + m, n))

    a, b, c = faces.T
    ab, bc, ca = (n + side_edge).T
    fine = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], 1).reshape(-1, 3)
    return matrix, fine


def refine(faces: NDArray[np.integer], n_vertices: int, levels: int, keep_size: bool = True) -> Refinement:
    """Loop subdivision of a triangle mesh, `levels` times.

    faces: (F, 3). keep_size: first push the control points out by what smoothing will take in, so
    that thin fingers keep their thickness.
    Errors: ValueError when an edge has more than two faces.
    """
    current = np.asarray(faces, np.int64)
    matrix = sparse.identity(n_vertices, format="csr")
    for _ in range(levels):
        step, current = _step(current, matrix.shape[0])
        matrix = step @ matrix
    if keep_size and levels:
        same = sparse.identity(n_vertices, format="csr")
        control = same
        for _ in range(_KEEP_STEPS):
            control = control + (same - matrix[:n_vertices] @ control)
        matrix = matrix @ control
    return Refinement(sparse.csr_matrix(matrix), current)
