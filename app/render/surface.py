"""A hand mesh as the GPU takes it: three vertices a face, with normals and the part each face belongs to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.hand_data import HandData
from models.types import HandMesh, Side

Float = NDArray[np.float32]


class HandSurface:
    """Vertex buffers of one hand model, both sides."""

    def __init__(self, hand: HandData) -> None:
        right = np.asarray(hand.faces, np.int64)
        self.faces: dict[Side, NDArray[np.int64]] = {"right": right, "left": right[:, ::-1].copy()}
        n = len(right)
        self._around = csr_matrix(
            (np.ones(3 * n, np.float32), (right.ravel(), np.repeat(np.arange(n), 3))),
            (len(hand.template_m), n),
        )  # vertices x faces: which faces meet at a vertex
        self._regions = np.asarray(hand.regions)

    @property
    def size(self) -> int:
        """Vertices in a buffer: three for each face."""
        return 3 * len(self.faces["right"])

    def normals(self, mesh: HandMesh) -> Float:
        """(778, 3) outward unit normals, averaged over faces by area."""
        f, v = self.faces[mesh.side], mesh.vertices_m
        n = self._around @ np.cross(v[f[:, 1]] - v[f[:, 0]], v[f[:, 2]] - v[f[:, 0]])
        return (n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12)).astype(np.float32)

    def parts(self, side: Side) -> Float:
        """(3F, 2): the region of each face in the first column, that of the farthest-out vertex."""
        part = self._regions[self.faces[side]].max(1)
        return np.stack([np.repeat(part, 3), np.zeros(self.size)], 1).astype(np.float32)

    def buffer(self, mesh: HandMesh) -> Float:
        """(3F, 8) position, normal, part: one frame's vertex buffer."""
        corners = self.faces[mesh.side].ravel()
        return np.concatenate(
            [mesh.vertices_m[corners], self.normals(mesh)[corners], self.parts(mesh.side)], 1
        ).astype(np.float32)
