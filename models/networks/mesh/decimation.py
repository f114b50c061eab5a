"""A mesh with fewer vertices, by quadric error (Garland and Heckbert 1997), and the way back up.

Every collapse moves one vertex onto a neighbour, so a coarse mesh's vertices are some of the fine one's, and
any number of them can be asked for. NumPy only; a hand's 778 vertices take well under a second.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.types import Float64

Int = NDArray[np.int32]

EVENNESS = 0.05  # how dear an edge's length is beside leaving the surface: spreads vertices over flat parts
RIM = 10.0  # how dear it is to leave the mesh's open border


def rim_edges(faces: Int) -> Int:
    """(E, 2) the directed edges that only one face has."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    there = {(a, b) for a, b in edges.tolist()}
    return np.array([(a, b) for a, b in edges.tolist() if (b, a) not in there], np.int32).reshape(-1, 2)


def _normals(triangles: Float64) -> Float64:
    """(F, 3, 3) corners -> (F, 3) normals, twice the area long."""
    return np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])


def _quadrics(vertices: Float64, faces: Int) -> Float64:
    """(V, 4, 4) squared distance to the planes of the faces at each vertex, and to walls along the rim."""
    Q = np.zeros((len(vertices), 4, 4))

    def add(corners: Int, normals: Float64, through: Float64) -> None:
        length = np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        n = normals / length
        plane = np.concatenate([n, -(n * through).sum(1, keepdims=True)], 1)
        quadric = length[:, :, None] * plane[:, :, None] * plane[:, None]
        for column in corners.T:
            np.add.at(Q, column, quadric)

    add(faces, _normals(vertices[faces]), vertices[faces[:, 0]])
    face_of = {(f[i], f[(i + 1) % 3]): j for j, f in enumerate(faces.tolist()) for i in range(3)}
    rim = rim_edges(faces)
    if len(rim):
        n = _normals(vertices[faces[[face_of[a, b] for a, b in rim.tolist()]]])
        wall = np.cross(vertices[rim[:, 1]] - vertices[rim[:, 0]], n / np.linalg.norm(n, axis=1)[:, None])
        length = np.linalg.norm(wall, axis=1, keepdims=True)
        add(rim, RIM * wall * length, vertices[rim[:, 0]])
    return Q


class _Collapser:
    """The mesh during decimation: `around[v]` are the faces at vertex v."""

    def __init__(self, vertices: Float64, faces: Int) -> None:
        self.x = vertices
        self.Q = _quadrics(vertices, faces)
        self.faces = [tuple(f) for f in faces.tolist()]
        self.around: list[set[int]] = [set() for _ in vertices]
        for i, f in enumerate(self.faces):
            for v in f:
                self.around[v].add(i)
        self.on_rim = set(rim_edges(faces).ravel().tolist())
        self.version = [0] * len(vertices)
        self.heap: list[tuple[float, int, int, int, int]] = []

    def neighbours(self, v: int) -> set[int]:
        return {w for f in self.around[v] for w in self.faces[f]} - {v}

    def push(self, v: int) -> None:
        """Offer every collapse of v onto a neighbour and of a neighbour onto v."""
        ring = sorted(self.neighbours(v))
        gone, kept = [v] * len(ring) + ring, ring + [v] * len(ring)
        h = np.concatenate([self.x[kept], np.ones((len(kept), 1))], 1)
        leaves = np.einsum("ni,nij,nj->n", h, self.Q[gone] + self.Q[kept], h)
        length2 = ((self.x[gone] - self.x[kept]) ** 2).sum(1)
        for c, g, k in zip((leaves + EVENNESS * length2**2).tolist(), gone, kept, strict=True):
            heapq.heappush(self.heap, (c, g, k, self.version[g], self.version[k]))

    def allowed(self, gone: int, kept: int) -> bool:
        """The surface stays a surface, its rim stays a rim, and no face turns over."""
        between = self.around[gone] & self.around[kept]
        ring = self.neighbours(gone)
        if len(ring & self.neighbours(kept)) != len(between):
            return False
        if gone in self.on_rim and len(between) != 1:  # only along the rim
            return False
        moved = np.array([self.faces[f] for f in self.around[gone] - between])
        if not len(moved):
            return False
        if any(len(self.around[v]) < 4 and v not in self.on_rim for v in ring & self.neighbours(kept)):
            return False
        before = _normals(self.x[moved])
        after = _normals(self.x[np.where(moved == gone, kept, moved)])
        turn = (before * after).sum(1)
        return bool((turn > 0.2 * np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)).all())

    def collapse(self, gone: int, kept: int) -> None:
        ring = self.neighbours(gone)
        for f in tuple(self.around[gone]):
            if kept in self.faces[f]:
                for v in self.faces[f]:
                    self.around[v].discard(f)
                self.faces[f] = ()
            else:
                self.faces[f] = tuple(kept if v == gone else v for v in self.faces[f])
                self.around[kept].add(f)
        self.around[gone] = set()
        self.Q[kept] += self.Q[gone]
        for v in (gone, *ring):
            self.version[v] += 1
        for v in sorted(ring):
            self.push(v)


def decimate(vertices: Float64, faces: Int, n_vertices: int) -> tuple[Int, Int]:
    """The kept vertices' indices (n_vertices,), ascending, and the faces (F, 3) among them.

    vertices: (V, 3) metres. faces: (F, 3), a manifold, perhaps with a rim. Raises ValueError if the
    mesh cannot be brought down to that size without breaking its surface.
    """
    mesh = _Collapser(np.asarray(vertices, np.float64), faces)
    for v in range(len(vertices)):
        mesh.push(v)
    left = len(vertices)
    while left > n_vertices:
        if not mesh.heap:
            raise ValueError(f"mesh: can't be decimated to {n_vertices} vertices, stuck at {left}")
        _, gone, kept, version_gone, version_kept = heapq.heappop(mesh.heap)
        current = (mesh.version[gone], mesh.version[kept]) == (version_gone, version_kept)
        if current and mesh.allowed(gone, kept):
            mesh.collapse(gone, kept)
            left -= 1
    alive = np.array([v for v, faces_there in enumerate(mesh.around) if faces_there], np.int32)
    number = np.full(len(vertices), -1, np.int32)
    number[alive] = np.arange(len(alive))
    return alive, number[np.array([f for f in mesh.faces if f])]


def _closest(points: Float64, triangles: Float64) -> tuple[Float64, Float64]:
    """Barycentric coordinates (P, T, 3) of the nearest point of each triangle (T, 3, 3), and its distance."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    candidates = [_in_plane(points, a, b - a, c - a)]
    for i, (start, end) in enumerate(((a, b), (b, c), (c, a))):
        along = end - start
        t = np.einsum("ptk,tk->pt", points[:, None] - start, along) / (along**2).sum(1)
        t = np.clip(t, 0, 1)
        weights = np.zeros((*t.shape, 3))
        weights[..., i], weights[..., (i + 1) % 3] = 1 - t, t
        candidates.append(weights)
    W = np.stack(candidates)  # (4, P, T, 3): the plane's foot point, then the nearest on each edge
    distance = np.linalg.norm(np.einsum("sptk,tkx->sptx", W, triangles) - points[:, None], axis=-1)
    distance[0][candidates[0].min(-1) < 0] = np.inf  # the foot point lies outside the triangle
    best = distance.argmin(0)
    return np.take_along_axis(W, best[None, ..., None], 0)[0], distance.min(0)


def _in_plane(points: Float64, origin: Float64, u: Float64, v: Float64) -> Float64:
    """(P, T, 3) barycentric coordinates of the points' foot points in the triangles' planes."""
    p = points[:, None] - origin
    uu, uv, vv = (u * u).sum(1), (u * v).sum(1), (v * v).sum(1)
    pu, pv = np.einsum("ptk,tk->pt", p, u), np.einsum("ptk,tk->pt", p, v)
    det = np.maximum(uu * vv - uv * uv, 1e-20)
    s, t = (vv * pu - uv * pv) / det, (uu * pv - uv * pu) / det
    return np.stack([1 - s - t, s, t], -1)


def barycentric_upsampling(
    fine: ArrayLike, coarse: ArrayLike, coarse_faces: Int, possible: NDArray[np.bool_] | None = None
) -> tuple[Int, NDArray[np.float32]]:
    """For each fine vertex (V, 3) the three coarse ones around its nearest place, and their weights.

    possible: (V, F) which faces may be a vertex's; at least one each. Returns (V, 3) indices and (V, 3)
    weights, at least 0, rows summing to 1: weighted and summed, they give the nearest point of the coarse
    surface (Ranjan et al., ECCV 2018).
    """
    weights, distance = _closest(np.asarray(fine, np.float64), np.asarray(coarse, np.float64)[coarse_faces])
    if possible is not None:
        distance = np.where(possible, distance, np.inf)
    nearest = distance.argmin(1)
    rows = np.arange(len(nearest))
    return coarse_faces[nearest].astype(np.int32), weights[rows, nearest].astype(np.float32)
