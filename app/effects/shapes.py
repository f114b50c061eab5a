"""Solids that the things to hold are made of. Metres."""

from __future__ import annotations

import numpy as np

from app.effects.solids import swept
from app.render.scene import Geometry
from models.types import Float64

_FINE_M = 0.0005  # bevels this narrow are hardly seen


def slab(outline: Float64, thickness_m: float, bevel_m: float) -> Geometry:
    """A flat thing with rounded edges, its middle in the plane z = 0.

    outline: (P, 2) counter-clockwise, seen whole from its centre of gravity.
    """
    edge = np.roll(outline, -1, 0) - np.roll(outline, 1, 0)
    outward = np.stack([edge[:, 1], -edge[:, 0]], 1)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    turn = np.linspace(0, np.pi / 2, 5 if bevel_m > _FINE_M else 3)
    below = bevel_m * np.column_stack([1 - np.sin(turn), 1 - np.cos(turn)]) - [0, thickness_m / 2]
    below = np.concatenate([[[1.3 * bevel_m, -thickness_m / 2]], below])  # keeps the flat side's shading flat
    profile = np.concatenate([below, below[::-1] * [1, -1]])
    flat = outline - profile[:, :1, None] * outward
    rings = np.concatenate([flat, np.broadcast_to(profile[:, 1:, None], (*flat.shape[:2], 1))], 2)
    ends = [np.tile([*outline.mean(0), z], (1, len(outline), 1)) for z in profile[[0, -1], 1]]
    return swept(np.concatenate([ends[0], rings, ends[1]]), closed=False)


def ellipse(width_m: float, height_m: float, points: int = 48) -> Float64:
    """(points, 2) counter-clockwise."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return 0.5 * np.column_stack([width_m * np.cos(angle), height_m * np.sin(angle)])


def rounded_rectangle(width_m: float, height_m: float, radius_m: float) -> Float64:
    """(32, 2) counter-clockwise; (12, 2) where the corners are too small to be seen round."""
    corner = np.array([width_m, height_m]) / 2 - radius_m
    steps = np.linspace(0, 90, 8 if radius_m > 2 * _FINE_M else 3)
    angle = np.radians(np.arange(4)[:, None] * 90 + steps)
    arc = radius_m * np.stack([np.cos(angle), np.sin(angle)], 2)
    return (arc + corner * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])[:, None]).reshape(-1, 2)


def bar(stations: Float64, exponent: float = 2.6, points: int = 32) -> Geometry:
    """A handle along y. stations: (N, 3) y and the width and depth there, from one end to the other; the ends
    are closed. exponent: 2 is an ellipse, more is boxier."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    round_ = np.stack([np.sign(c) * np.abs(c) ** (2 / exponent), np.sign(s) * np.abs(s) ** (2 / exponent)], 1)
    first, last = stations[0], stations[-1]
    ends = [[first * [1, 0, 0], first * [1, 0.75, 0.75]], [last * [1, 0.75, 0.75], last * [1, 0, 0]]]
    y, width, depth = np.concatenate([ends[0], stations, ends[1]]).T[..., None]
    x, z = 0.5 * width * round_[:, 0], 0.5 * depth * round_[:, 1]
    return swept(np.stack([x, np.broadcast_to(y, x.shape), z], 2), closed=False)


def beach_ball(radius_m: float, wedges: int = 6) -> tuple[Geometry, Geometry]:
    """A ball about the origin in two parts of every other wedge, to be painted differently."""
    polar, turn = np.meshgrid(np.linspace(0, np.pi, 25), np.linspace(0, 2 * np.pi / wedges, 9), indexing="ij")
    grid = np.arange(polar.size).reshape(polar.shape)
    a, b, c, d = (g.ravel() for g in (grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])

    def part(first: int) -> Geometry:
        starts = 2 * np.pi / wedges * np.arange(first, wedges, 2)
        around = turn.ravel() + starts[:, None]
        tilt = np.broadcast_to(polar.ravel(), around.shape)
        normals = np.stack([np.sin(tilt) * np.cos(around), np.sin(tilt) * np.sin(around), np.cos(tilt)], 2)
        all_faces = (faces + polar.size * np.arange(len(starts))[:, None, None]).reshape(-1, 3)
        flat = normals.reshape(-1, 3).astype(np.float32)
        return Geometry(np.float32(radius_m) * flat, flat, all_faces.astype(np.int32))

    return part(0), part(1)


def moved(solid: Geometry, offset_m: tuple[float, float, float]) -> Geometry:
    """The same solid somewhere else."""
    return Geometry(solid.vertices_m + np.array(offset_m, np.float32), solid.normals, solid.faces)
