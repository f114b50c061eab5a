"""Normals for triangle meshes that come without. NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.render.scene import Geometry
from models.types import Float64

_CREASE = np.cos(np.radians(40.0))  # faces that meet at more than this keep their edge
_MOST_NEIGHBOURS = 48  # of a corner; the rest of a fan changes nothing


def shaded(vertices: Float64, faces: NDArray[np.integer], flat: bool = False) -> Geometry:
    """A geometry with normals of its own for every face's corners: smooth but for creases, or flat facets.

    vertices: (V, 3), shared between the faces (F, 3) that meet in them.
    """
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    weighted = np.cross(b - a, c - a)
    corners = _unit(weighted).repeat(3, 0)
    if not flat:
        corners = _unit(_summed(faces, weighted, corners, len(vertices)) + 1e-12 * corners)
    return Geometry(
        vertices[faces].reshape(-1, 3).astype(np.float32),
        corners.astype(np.float32),
        np.arange(3 * len(faces), dtype=np.int32).reshape(-1, 3),
    )


def _summed(faces: NDArray[np.integer], weighted: Float64, corners: Float64, count: int) -> Float64:
    """(3 F, 3) for every corner, the normals around its vertex that don't bend away from its own."""
    at, of_face = faces.ravel(), np.arange(len(faces)).repeat(3)
    order = np.argsort(at, kind="stable")
    valence = np.bincount(at, minlength=count)
    start = np.concatenate([[0], np.cumsum(valence)[:-1]])
    unit, summed = _unit(weighted), np.zeros_like(corners)
    for step in range(min(int(valence.max()), _MOST_NEIGHBOURS)):
        has = np.flatnonzero(step < valence[at])
        other = of_face[order[start[at[has]] + step]]
        near = (unit[other] * corners[has]).sum(1) > _CREASE
        summed[has[near]] += weighted[other[near]]
    return summed


def _unit(vectors: Float64) -> Float64:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-300)
