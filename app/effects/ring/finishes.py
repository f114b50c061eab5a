"""How a metal's surface is worked: by its roughness, or by a hammer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from app.effects.ring.model import RingModel
from app.render.scene import Geometry, Metal
from models.types import Float64

POLISHED, SATIN, BRUSHED, HAMMERED = "polished", "satin", "brushed", "hammered"
FINISHES: dict[str, float | None] = {
    # roughness; None: the metal's own
    POLISHED: None,
    SATIN: 0.34,
    BRUSHED: 0.27,
    "sandblasted": 0.52,
    HAMMERED: None,
}
_BRUSHED = 0.15  # how far normals lean in the lines of a brush
_MARK_M = 0.0017  # between the middles of two hammer marks
_DEPTH = 0.34  # how far normals lean at a mark's edge
_FINEST_M = 0.00042  # edges are halved until they are about as short


def finished(metal: Metal, finish: str) -> Metal:
    """A metal worked so. Raises KeyError for what is none of FINISHES."""
    roughness = FINISHES[finish]
    if roughness is None:
        return metal
    return replace(metal, roughness=roughness, brushed=_BRUSHED if finish == BRUSHED else 0.0)


def hammered(model: RingModel) -> RingModel:
    """The same ring with shallow round marks all over its band's outside."""
    parts = tuple(
        replace(part, geometry=_marked(part.geometry))
        if part.material == "metal" and not part.rigid
        else part
        for part in model.parts
    )
    return replace(model, parts=parts)


def _marked(geometry: Geometry) -> Geometry:
    """Marks are hollows, seen by how normals lean: they are hundredths of a millimetre deep."""
    vertices, normals, faces = _finer(geometry)
    away = np.hypot(vertices[:, 0], vertices[:, 1])
    outward = (vertices[:, :2] * normals[:, :2]).sum(1) / np.maximum(away, 1e-9)
    middles = _spread(vertices[outward > 0.2])
    if len(middles) < 8:
        return geometry
    nearest = middles[cKDTree(middles).query(vertices)[1]]
    lean = (nearest - vertices) / (0.5 * _MARK_M)  # towards the mark's middle
    lean -= (lean * normals).sum(1, keepdims=True) * normals
    steep = np.linalg.norm(lean, axis=1, keepdims=True)
    lean *= _DEPTH * np.minimum(1, 1 / np.maximum(steep, 1e-9))
    worked = np.clip((outward - 0.1) / 0.4, 0, 1)[:, None]  # the inside is smooth
    leaning = normals + worked * lean
    leaning /= np.linalg.norm(leaning, axis=1, keepdims=True)
    return Geometry(vertices.astype(np.float32), leaning.astype(np.float32), faces)


def _finer(geometry: Geometry) -> tuple[Float64, Float64, np.ndarray]:
    """Every triangle in four, again while edges are long; normals between normals."""
    v, n = geometry.vertices_m.astype(np.float64), geometry.normals.astype(np.float64)
    f = geometry.faces
    for _ in range(2):
        edges = np.sort(np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]), axis=1)
        if np.linalg.norm(v[edges[:, 0]] - v[edges[:, 1]], axis=1).mean() < _FINEST_M or len(f) > 5000:
            break
        unique, which = np.unique(edges, axis=0, return_inverse=True)
        ab, bc, ca = which.ravel().reshape(3, -1) + len(v)
        a, b, c = f.T
        between = n[unique].sum(1)
        between /= np.maximum(np.linalg.norm(between, axis=1, keepdims=True), 1e-9)
        v, n = np.concatenate([v, v[unique].mean(1)]), np.concatenate([n, between])
        f = np.concatenate(
            [np.stack(x, 1) for x in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
        ).astype(np.int32)
    return v, n, f


def _spread(points: Float64) -> Float64:
    """Some of the points, no two of them nearer than a mark is wide."""
    left = np.random.default_rng(0).permutation(points)
    chosen = []
    while len(left):
        chosen.append(left[0])
        left = left[np.linalg.norm(left - left[0], axis=1) > 0.85 * _MARK_M]
    return np.array(chosen).reshape(-1, 3)
