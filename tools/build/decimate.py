"""Edge-collapse decimation of a skinned mesh that keeps its shape in several poses, its seams and its rim.

Quadric error (Garland and Heckbert 1997) summed over poses (DeCoro and Rusinkiewicz 2005), so that the edge
loops which bending needs stay. A collapse moves one vertex onto its neighbour: every kept vertex is one of
the original's, and whatever the original knows of it (weights, shapes, texture) stays true.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.types import Float64

Faces = NDArray[np.int32]

EVENNESS = 0.02  # cost of an edge's length beside that of leaving the surface: keeps flat parts even
MIN_QUALITY = 0.22  # of a new triangle; 1 is equilateral, 0 a sliver
MIN_TURN_COS = 0.3  # of a face's normal across a collapse
MAX_VALENCE = 9


def seam_edges(faces: Faces, uv_faces: Faces) -> set[tuple[int, int]]:
    """The edges (a < b) whose two faces do not share their texture coordinates."""
    first: dict[tuple[int, int], tuple[int, int]] = {}
    seams = set()
    for corners, texture in zip(faces.tolist(), uv_faces.tolist(), strict=True):
        for i in range(3):
            (a, ta), (b, tb) = sorted(
                zip((corners[i], corners[i - 1]), (texture[i], texture[i - 1]), strict=True)
            )
            if first.setdefault((a, b), (ta, tb)) != (ta, tb):
                seams.add((a, b))
    return seams


def rim_edges(faces: Faces) -> set[tuple[int, int]]:
    """The edges (a < b) which only one face has."""
    edges, count = np.unique(
        np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1),
        axis=0,
        return_counts=True,
    )
    return {(a, b) for a, b in edges[count == 1].tolist()}


def triangle_quality(a: Float64, b: Float64, c: Float64) -> Float64:
    """(n,) 1 for an equilateral triangle, towards 0 for a sliver. Corners (n, 3) each."""
    area = np.linalg.norm(np.cross(b - a, c - a), axis=-1) / 2
    sides = ((b - a) ** 2).sum(-1) + ((c - b) ** 2).sum(-1) + ((a - c) ** 2).sum(-1)
    return 4 * np.sqrt(3) * area / np.maximum(sides, 1e-18)


@dataclass
class Decimator:
    """One run of decimation.

    poses: (p, v, 3) the same mesh in p poses, metres, the rest pose first. density: (v,) how dear each vertex
    is. Lines (seams and the rim) lose vertices only along themselves.
    """

    poses: Float64
    faces: Faces
    density: Float64
    seams: set[tuple[int, int]]
    rim: set[tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        n = self.poses.shape[1]
        self.rim = rim_edges(self.faces)
        self.triangles = [tuple(t) for t in self.faces.tolist()]
        self.alive = [True] * len(self.triangles)
        self.around: list[set[int]] = [set() for _ in range(n)]  # the faces at each vertex
        for i, t in enumerate(self.triangles):
            for v in t:
                self.around[v].add(i)
        self.lines: list[dict[int, str]] = [{} for _ in range(n)]  # neighbours along seams and the rim
        for kind, edges in (("seam", self.seams), ("rim", self.rim)):
            for a, b in edges:
                self.lines[a][b] = self.lines[b][a] = kind
        p, q, r = (self.poses[:, self.faces[:, i]] for i in range(3))
        normal = np.cross(q - p, r - p)
        area = np.linalg.norm(normal, axis=-1, keepdims=True) / 2
        normal /= np.maximum(2 * area, 1e-18)
        plane = np.concatenate([normal, -(normal * p).sum(-1, keepdims=True)], -1)
        quadric = area[..., None] * plane[..., :, None] * plane[..., None, :]
        self.Q = np.zeros((n, len(self.poses), 4, 4))
        self.area = np.zeros(n)
        for i in range(3):
            np.add.at(self.Q, self.faces[:, i], np.swapaxes(quadric, 0, 1) / 3)
            np.add.at(self.area, self.faces[:, i], area[0, :, 0] / 3)
        self.homogeneous = np.concatenate([self.poses, np.ones((*self.poses.shape[:2], 1))], -1)
        self.version = [0] * n

    def neighbours(self, v: int) -> set[int]:
        return {w for f in self.around[v] for w in self.triangles[f]} - {v}

    def cost(self, gone: int, kept: int) -> float:
        """What it costs to move vertex `gone` onto `kept`."""
        h = self.homogeneous[:, kept]
        off = float(np.einsum("pi,pij,pj->", h, self.Q[gone] + self.Q[kept], h)) / len(h)
        length = float(((self.poses[0, gone] - self.poses[0, kept]) ** 2).sum())
        return self.density[gone] * (off + EVENNESS * (self.area[gone] + self.area[kept]) * length)

    def allowed(self, gone: int, kept: int) -> bool:
        """Whether the collapse keeps the lines, the topology and decent triangles in every pose."""
        if self.lines[gone] and (
            len(self.lines[gone]) != 2
            or kept not in self.lines[gone]
            or len(set(self.lines[gone].values())) != 1
        ):
            return False
        if self.lines[gone]:
            (other,) = set(self.lines[gone]) - {kept}
            if other in self.lines[kept]:
                return False
        ring_gone, ring_kept = self.neighbours(gone), self.neighbours(kept)
        between = self.around[gone] & self.around[kept]
        if len(ring_gone & ring_kept) != len(between):
            return False
        if not self.lines[gone] and len(between) != 2:
            return False
        if len(ring_gone | ring_kept) - 2 > MAX_VALENCE:
            return False
        for x in ring_gone & ring_kept:
            if len(self.around[x]) <= (2 if "rim" in self.lines[x].values() else 4):
                return False
        moving = [self.triangles[f] for f in self.around[gone] - between]
        old = np.array(moving)
        new = np.where(old == gone, kept, old)
        # Two ends of a line joined by a face of their own would fold the texture over the seam.
        p_old, p_new = self.poses[:, old], self.poses[:, new]
        n_old = np.cross(p_old[:, :, 1] - p_old[:, :, 0], p_old[:, :, 2] - p_old[:, :, 0])
        n_new = np.cross(p_new[:, :, 1] - p_new[:, :, 0], p_new[:, :, 2] - p_new[:, :, 0])
        turn = (n_old * n_new).sum(-1) / np.maximum(
            np.linalg.norm(n_old, axis=-1) * np.linalg.norm(n_new, axis=-1), 1e-18
        )
        if turn.min() < MIN_TURN_COS:
            return False
        before = triangle_quality(*np.moveaxis(p_old[0], 1, 0)).min()
        after = triangle_quality(*np.moveaxis(p_new[0], 1, 0)).min()
        return bool(after > min(MIN_QUALITY, before))

    def collapse(self, gone: int, kept: int) -> None:
        for f in list(self.around[gone]):
            old = self.triangles[f]
            self.around[gone].discard(f)
            if kept in old:
                self.alive[f] = False
                for v in old:
                    self.around[v].discard(f)
            else:
                self.triangles[f] = tuple(kept if v == gone else v for v in old)
                self.around[kept].add(f)
        self.Q[kept] += self.Q[gone]
        self.area[kept] += self.area[gone]
        self.density[kept] = max(self.density[kept], self.density[gone])
        for other, kind in self.lines[gone].items():
            del self.lines[other][gone]
            if other != kept:
                self.lines[other][kept] = self.lines[kept][other] = kind
        self.lines[gone] = {}

    def run(self, n_vertices: int, n_rim: int) -> tuple[NDArray[np.int64], Faces]:
        """Collapse until `n_vertices` are left, `n_rim` of them on the rim.

        Returns the kept vertices' numbers in the original (n,) and the faces (f, 3) among them.
        """
        self._collapse_cheapest(len(self.rim) - n_rim, rim=True)
        left = sum(1 for a in self.around if a)
        self._collapse_cheapest(left - n_vertices, rim=False)
        kept = np.array([v for v, a in enumerate(self.around) if a])
        number = np.full(len(self.around), -1)
        number[kept] = np.arange(len(kept))
        return kept, number[
            np.array([t for t, a in zip(self.triangles, self.alive, strict=True) if a])
        ].astype(np.int32)

    def _collapse_cheapest(self, count: int, rim: bool) -> None:
        heap: list[tuple[float, int, int, int, int]] = []

        def push(v: int) -> None:
            for w in self.neighbours(v):
                for gone, kept in ((v, w), (w, v)):
                    if ("rim" in self.lines[gone].values()) == rim:
                        heapq.heappush(
                            heap, (self.cost(gone, kept), gone, kept, self.version[gone], self.version[kept])
                        )

        for v in range(len(self.around)):
            push(v)
        while count:
            if not heap:
                raise RuntimeError(f"decimation stopped {count} collapses short: loosen its limits")
            _, gone, kept, vg, vk = heapq.heappop(heap)
            if (vg, vk) != (self.version[gone], self.version[kept]) or not self.allowed(gone, kept):
                continue
            ring = self.neighbours(gone)
            self.collapse(gone, kept)
            count -= 1
            for v in ring:
                self.version[v] += 1
            self.version[gone] += 1
            for v in ring:
                push(v)
