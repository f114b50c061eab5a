"""Mesh work for build_hand: rotations, the map to a decimated mesh, its texture, joint regressors."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from trimesh.triangles import closest_point, points_to_barycentric

from models.types import Float64

Faces = NDArray[np.int32]

STAY = 0.3  # price of moving a kept vertex, beside that of missing an old one
REGRESSOR_REACH_M = 0.012  # vertices this far from a joint still count for it
REGRESSOR_SLACK_M = 1e-4  # how far a regressed joint may miss before it costs as much as the bell does


def rotation_between(source: Float64, target: Float64) -> Float64:
    """(3, 3) rotation that best takes points (n, 3) to points (n, 3) about the origin (Kabsch)."""
    U, _, Vt = np.linalg.svd(target.T @ source)
    return U @ np.diag([1, 1, np.sign(np.linalg.det(U @ Vt))]) @ Vt


def shortest_rotations(source: Float64, target: Float64) -> Float64:
    """(n, 3, 3) rotations that take unit vectors (n, 3) to one unit vector (3,) by the shortest way."""
    axis = np.cross(source, target)
    x, y, z = axis.T
    o = np.zeros_like(x)
    K = np.stack([o, -z, y, z, o, -x, -y, x, o], -1).reshape(-1, 3, 3)
    return np.eye(3) + K + K @ K / (1 + source @ target)[:, None, None]


def rotation_about(axis: Float64, angle: float) -> Float64:
    """(3, 3) rotation by `angle` radians about a unit axis (3,)."""
    x, y, z = axis
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * (K @ K)


def skin(vertices: Float64, joints: Float64, weights: Float64, parents: Faces, rotations: Float64) -> Float64:
    """Linear blend skinning: vertices (v, 3) after rotations (j, 3, 3) about joints (j, 3), parent frames."""
    turned, moved = [rotations[0]], [joints[0]]
    for j in range(1, len(joints)):
        parent = parents[j]
        turned.append(turned[parent] @ rotations[j])
        moved.append(moved[parent] + turned[parent] @ (joints[j] - joints[parent]))
    parts = [
        w[:, None] * ((vertices - j) @ R.T + t)
        for w, j, R, t in zip(weights.T, joints, turned, moved, strict=True)
    ]
    return np.sum(parts, axis=0)


def vertex_areas(vertices: Float64, faces: Faces) -> Float64:
    """(v,) a third of the area of the faces around each vertex."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    out = np.zeros(len(vertices))
    np.add.at(out, faces, area[:, None])
    return out


def _barycentric(points: Float64, triangles: Float64) -> tuple[NDArray[np.int64], Float64]:
    """For points (n, 3): the nearest of triangles (t, 3, 3) and barycentric coordinates (n, 3) there."""
    nearest, weights = [], []
    for p in points:
        on = closest_point(triangles, np.broadcast_to(p, (len(triangles), 3)))
        i = int(np.argmin(((on - p) ** 2).sum(1)))
        nearest.append(i)
        weights.append(points_to_barycentric(triangles[i][None], on[i][None])[0].clip(0, 1))
    w = np.stack(weights)
    return np.array(nearest), w / w.sum(1, keepdims=True)


def fitting_map(kept: NDArray[np.int64], new_faces: Faces, vertices: Float64) -> Float64:
    """(n, v) matrix from a mesh's vertices to those of its decimated self, rows summing to 1.

    Kept vertices lie on the surface, so the decimated mesh would cut off every round part. Each goes where
    the new faces pass, in the least-squares sense, through all old vertices; a little is paid for moving.
    """
    nearest, weights = _barycentric(vertices, vertices[kept][new_faces])
    B = np.zeros((len(vertices), len(kept)))
    np.add.at(B, (np.arange(len(vertices))[:, None], new_faces[nearest]), weights)
    stay = np.eye(len(vertices))[kept]
    return np.asarray(np.linalg.solve(B.T @ B + STAY * np.eye(len(kept)), B.T + STAY * stay), np.float64)


def transfer_uv(
    kept: NDArray[np.int64], new_faces: Faces, faces: Faces, uv: Float64, uv_faces: Faces
) -> tuple[Float64, Faces]:
    """Texture coordinates (t, 2), filling the unit square, and their faces (f, 3) for a decimated mesh.

    A vertex on a seam has several places in the texture; each face takes those that lie closest together.
    """
    places: list[set[int]] = [set() for _ in range(int(faces.max()) + 1)]
    for corners, texture in zip(faces.tolist(), uv_faces.tolist(), strict=True):
        for v, t in zip(corners, texture, strict=True):
            places[v].add(t)

    def spread(corners: tuple[int, ...]) -> float:
        return float(np.linalg.norm(uv[list(corners)] - uv[list(corners[1:] + corners[:1])], axis=1).sum())

    chosen = np.array(
        [min(product(*(sorted(places[v]) for v in face)), key=spread) for face in kept[new_faces].tolist()]
    )
    used, index = np.unique(chosen, return_inverse=True)
    low = uv[used].min(0)
    return (uv[used] - low) / np.ptp(uv[used], axis=0).max(), index.reshape(-1, 3).astype(np.int32)


def joint_regressor(vertices: Float64, joints: Float64) -> Float64:
    """(j, v) rows that sum to 1 and give each joint from the vertices, for a template and all its shapes.

    vertices (1 + k, v, 3) and joints (1 + k, j, 3): the template, then k directions, per standard deviation.
    Nearly exact, and of such regressors the one nearest to a bell around the joint, leaving the bell being
    cheap only inside it: large opposite weights would turn a mesh's noise into a joint's jumps.
    """
    template, rows = vertices[0], []
    for j in range(joints.shape[1]):
        distance = np.linalg.norm(template - joints[0, j], axis=1)
        bell = np.exp(-0.5 * (distance / max(REGRESSOR_REACH_M, 1.2 * distance.min())) ** 2)
        start = bell / bell.sum()
        A = np.concatenate([np.ones((1, len(template))), *np.moveaxis(vertices, 1, 2)])
        b = np.concatenate([[1.0], *joints[:, j]])
        slack = np.full(len(b), REGRESSOR_SLACK_M**2 * bell.sum())
        slack[0] = 0  # the rows' sum is exact
        w = start + bell * (A.T @ np.linalg.solve((A * bell) @ A.T + np.diag(slack), b - A @ start))
        rows.append(w / w.sum())
    return np.stack(rows)
