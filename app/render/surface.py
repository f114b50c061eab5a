"""A hand mesh as the GPU takes it: vertices with normals and the part that each face belongs to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.hand.hand_data import HandData
from models.types import Float32, Handedness, HandMesh

N_PARTS = 6
"""Regions of a hand: palm and five fingers. A part is N_PARTS * the hand's place in the list + its region."""

_THUMB_TURNED = np.radians(50.0)  # of its nail from the others', to its own side


def closed(faces: NDArray[np.integer]) -> NDArray[np.int64]:
    """(F + n - 2, 3): the faces, and a lid of triangles on their one hole of n edges, the wrist.

    Without it a camera that looks along the forearm sees through the wrist to the fingers.
    """
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    inner = {(int(b), int(a)) for a, b in edges}
    following = {int(a): int(b) for a, b in edges if (int(a), int(b)) not in inner}
    if not following:
        return np.asarray(faces, np.int64)
    loop = [next(iter(following))]
    while (vertex := following[loop[-1]]) != loop[0]:
        loop.append(vertex)
    lid = [[loop[0], loop[k + 1], loop[k]] for k in range(1, len(loop) - 1)]
    return np.concatenate([faces, lid])


class HandSurface:
    """Vertex buffers of one hand model, both sides."""

    def __init__(self, hand: HandData) -> None:
        self.regions = np.asarray(hand.regions)
        right = closed(hand.faces)
        self.faces: dict[Handedness, NDArray[np.int64]] = {
            "right": _farthest_last(right, self.regions),
            "left": _farthest_last(right[:, ::-1], self.regions),
        }
        n = len(right)
        self._around = csr_matrix(
            (np.ones(3 * n, np.float32), (right.ravel(), np.repeat(np.arange(n), 3))),
            (len(hand.template_m), n),
        )  # vertices x faces: which faces meet at a vertex
        backs = _backs(hand, self._normals(hand.template_m, right))
        self._parts = np.stack([self.regions, backs], 1).astype(np.float32)

    def normals(self, mesh: HandMesh) -> Float32:
        """(778, 3) outward unit normals, averaged over faces by area."""
        return self._normals(mesh.vertices_m, self.faces[mesh.handedness])

    def _normals(self, vertices_m: Float32, faces: NDArray[np.int64]) -> Float32:
        a, b, c = vertices_m[faces.T]
        (x, y, z), (u, v, w) = (b - a).T, (c - a).T
        n = self._around @ np.stack([y * w - z * v, z * u - x * w, x * v - y * u], 1)
        return (n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12)).astype(np.float32)

    def buffer(self, mesh: HandMesh) -> Float32:
        """(778, 8) position, normal, part, how far out of the hand's back it looks: one frame's vertices.

        A face's part is that of its last vertex, the one that is flat in OpenGL.
        """
        return np.concatenate([mesh.vertices_m, self.normals(mesh), self._parts], 1).astype(np.float32)

    def split(self, mesh: HandMesh) -> Float32:
        """(3F, 8) the same, three for each face and all of its part: for what must tell its corners apart."""
        corners = self.buffer(mesh)[self.faces[mesh.handedness]]
        corners[:, :, 6] = corners[:, 2:, 6]
        return corners.reshape(-1, 8)


def _farthest_last(faces: NDArray[np.int64], regions: NDArray[np.integer]) -> NDArray[np.int64]:
    """(F, 3) each face turned so that its vertex farthest out, by its region, comes last."""
    first = (regions[faces].argmax(1)[:, None] + [1, 2, 3]) % 3
    return np.asarray(np.take_along_axis(faces, first, 1))


def _backs(hand: HandData, normals: Float32) -> Float32:
    """(778,) how far each vertex looks out of the hand's back, -1 inside .. 1. normals: (778, 3) at rest."""
    joints = hand.regressor_21 @ hand.template_m
    across = joints[5] - joints[17]  # little finger's knuckle -> index finger's
    back = np.cross(joints[9] - joints[0], across)
    across, back = across / np.linalg.norm(across), back / np.linalg.norm(back)
    thumbs = np.cos(_THUMB_TURNED) * back + np.sin(_THUMB_TURNED) * across
    outward = np.where((hand.regions == 1)[:, None], thumbs, back)
    return (normals * outward).sum(1).astype(np.float32)
