"""Solids that rings are made of: swept grids, tubes, balls, cut stones. Metres.

Every solid is a closed surface, its faces counter-clockwise seen from outside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.render.scene import Geometry
from models.types import Float64


def swept(points: Float64, closed: bool) -> Geometry:
    """A smooth solid from cross-sections.

    points: (T, P, 3), T outlines of P points each, all closed. closed: the last outline joins the first; if
    not, the first and the last must each have shrunk to one point.
    """
    turns, p = points.shape[:2]
    along = _differences(points, closed)
    around = np.roll(points, -1, 1) - np.roll(points, 1, 1)
    normals = np.cross(along, around)
    if not closed:  # at an end that is one point, the outline's neighbours say where it looks
        normals[0], normals[-1] = normals[1].mean(0), normals[-2].mean(0)
    i, k = np.meshgrid(np.arange(turns if closed else turns - 1), np.arange(p), indexing="ij")
    at, beside = (i * p + k).ravel(), (i * p + (k + 1) % p).ravel()
    j = (i + 1) % turns
    next_at, next_beside = (j * p + k).ravel(), (j * p + (k + 1) % p).ravel()
    faces = np.concatenate([np.stack([at, next_at, next_beside], 1), np.stack([at, next_beside, beside], 1)])
    return _outward(points.reshape(-1, 3), normals.reshape(-1, 3), faces)


def tube(path: Float64, radii: Float64 | float, corners: int = 10) -> Geometry:
    """A wire with round ends. path: (N, 3) its middle. radii: (N,) or a single one."""
    radii = np.broadcast_to(radii, len(path)).astype(np.float64)
    tangent = _unit(np.gradient(path, axis=0))
    side = np.cross(tangent, _least_parallel(tangent))
    side = _unit(side)
    other = np.cross(tangent, side)
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    cap = np.linspace(0, np.pi / 2, 5)[:-1]  # quarter circles that close the ends
    centres = np.concatenate(
        [
            path[0] - radii[0] * np.cos(cap)[:, None] * tangent[0],
            path,
            path[-1] + radii[-1] * np.cos(cap[::-1])[:, None] * tangent[-1],
        ]
    )
    widths = np.concatenate([radii[0] * np.sin(cap), radii, radii[-1] * np.sin(cap[::-1])])
    n = len(cap)
    u = np.concatenate([np.repeat(side[:1], n, 0), side, np.repeat(side[-1:], n, 0)])
    v = np.concatenate([np.repeat(other[:1], n, 0), other, np.repeat(other[-1:], n, 0)])
    circle = np.cos(angle)[None, :, None] * u[:, None] + np.sin(angle)[None, :, None] * v[:, None]
    return swept(centres[:, None] + widths[:, None, None] * circle, closed=False)


def ball(centre: Float64, radius: float, corners: int = 8) -> Geometry:
    """A sphere."""
    polar = np.linspace(0, np.pi, corners // 2 + 2)
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    outline = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    points = np.sin(polar)[:, None, None] * outline + np.cos(polar)[:, None, None] * [0.0, 0.0, 1.0]
    solid = swept(radius * points, closed=False)
    directions = solid.vertices_m / radius
    return Geometry(
        (solid.vertices_m + centre).astype(np.float32), directions.astype(np.float32), solid.faces
    )


def faceted(corners: Float64, polygons: list[list[int]]) -> Geometry:
    """A convex solid around the origin with flat facets. corners: (V, 3). polygons: of those corners."""
    vertices: list[Float64] = []
    normals: list[Float64] = []
    faces: list[list[int]] = []
    first = 0
    for polygon in polygons:
        flat = corners[polygon]
        normal = _unit(np.cross(flat[1] - flat[0], flat[2] - flat[0]))
        if normal @ flat.mean(0) < 0:
            flat, normal = flat[::-1], -normal
        vertices.append(flat)
        normals.append(np.repeat(normal[None], len(flat), 0))
        faces += [[first, first + k, first + k + 1] for k in range(1, len(flat) - 1)]
        first += len(flat)
    return Geometry(
        np.concatenate(vertices).astype(np.float32),
        np.concatenate(normals).astype(np.float32),
        np.array(faces, np.int32),
    )


def joined(*solids: Geometry) -> Geometry:
    """Several solids as one, overlaps and all."""
    first = np.cumsum([0, *(len(s.vertices_m) for s in solids[:-1])])
    return Geometry(
        np.concatenate([s.vertices_m for s in solids]),
        np.concatenate([s.normals for s in solids]),
        np.concatenate([s.faces + k for s, k in zip(solids, first, strict=True)]).astype(np.int32),
    )


def _differences(points: Float64, closed: bool) -> Float64:
    if closed:
        return np.roll(points, -1, 0) - np.roll(points, 1, 0)
    return np.gradient(points, axis=0)


def _least_parallel(tangent: Float64) -> Float64:
    """(3,) the axis that the tangents (N, 3) of a gently bent path keep away from most."""
    return np.eye(3)[int(np.argmin(np.abs(tangent).max(0)))]


def _outward(points: Float64, normals: Float64, faces: NDArray[np.integer]) -> Geometry:
    a, b, c = (points[faces[:, k]] for k in range(3))
    volume = np.einsum("ij,ij->", a, np.cross(b, c))
    if volume < 0:
        faces = faces[:, ::-1]
    corner = np.cross(b - a, c - a)
    if volume * np.einsum("ij,ij->", corner, normals[faces[:, 0]]) < 0:
        normals = -normals
    area = np.linalg.norm(corner, axis=1)
    faces = faces[area > 1e-9 * area.max()]  # those at an end that is one point are none
    return Geometry(points.astype(np.float32), _unit(normals).astype(np.float32), faces.astype(np.int32))


def _unit(vectors: Float64) -> Float64:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-30)
