"""Hands as something to bump into: how far a point is from the skin, and how the skin moves there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from app.render.surface import HandSurface
from models.hand.hand_data import HandData
from models.types import Float64, HandMesh

_FASTEST_M_S = 4.0  # a hand that seems faster was lost and found
_LONGEST_S = 0.2


@dataclass(frozen=True)
class Contact:
    """What is nearest to each of N points."""

    distance_m: Float64  # (N,) above the skin, negative inside the hand, inf where no hand is near
    normal: Float64  # (N, 3) out of the skin
    velocity_m_s: Float64  # (N, 3) of the skin


class HandCollider:
    """The skins of all hands in view, sampled at vertices and the middles of faces."""

    def __init__(self, hand: HandData) -> None:
        self._surface = HandSurface(hand)
        self._faces = hand.faces
        self._previous: dict[int, tuple[float, Float64]] = {}  # by track id: when, and where its samples were
        self._tree: cKDTree | None = None
        self._points = self._normals = self._velocities = np.zeros((0, 3))

    def update(self, hands: Sequence[HandMesh], time_s: float) -> None:
        """Take these hands; their speed comes from where they were at the update before."""
        points, normals, velocities = [], [], []
        seen = {}
        for hand in hands:
            at = self._sampled(hand.vertices_m.astype(np.float64))
            velocity = np.zeros_like(at)
            if hand.track_id in self._previous:
                then, was = self._previous[hand.track_id]
                if 0 < time_s - then < _LONGEST_S:
                    velocity = (at - was) / (time_s - then)
            speed = np.linalg.norm(velocity, axis=1, keepdims=True)
            seen[hand.track_id] = time_s, at
            points.append(at)
            normals.append(self._sampled(self._surface.normals(hand).astype(np.float64)))
            velocities.append(velocity * np.minimum(1, _FASTEST_M_S / np.maximum(speed, 1e-9)))
        self._previous = seen
        self._tree = None
        if points:
            self._points, self._normals = np.concatenate(points), np.concatenate(normals)
            length = np.sqrt(np.einsum("ij,ij->i", self._normals, self._normals))
            self._normals /= np.maximum(length, 1e-9)[:, None]
            self._velocities = np.concatenate(velocities)
            self._tree = cKDTree(self._points, leafsize=24, balanced_tree=False, compact_nodes=False)

    def contact(self, points_m: Float64, reach_m: float) -> Contact:
        """What lies within reach of (N, 3) points; the distance is to the plane of the nearest sample."""
        n = len(points_m)
        distance, normal, velocity = np.full(n, np.inf), np.zeros((n, 3)), np.zeros((n, 3))
        if self._tree is not None and n:
            low, high = self._points.min(0) - reach_m, self._points.max(0) + reach_m
            x, y, z = ((points_m > low) & (points_m < high)).T
            near = np.flatnonzero(x & y & z)
            away, which = self._tree.query(points_m[near], distance_upper_bound=reach_m)
            found = np.isfinite(away)
            near, which = near[found], which[found]
            normal[near], velocity[near] = self._normals[which], self._velocities[which]
            distance[near] = np.einsum("ij,ij->i", points_m[near] - self._points[which], normal[near])
        return Contact(distance, normal, velocity)

    def within(self, center_m: Float64, radius_m: float) -> tuple[Float64, Float64, Float64]:
        """(K, 3) each: the samples inside a sphere, their normals and velocities."""
        if self._tree is None:
            return np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 3))
        inside = self._tree.query_ball_point(center_m, radius_m)
        return self._points[inside], self._normals[inside], self._velocities[inside]

    def _sampled(self, values: Float64) -> Float64:
        a, b, c = (values[self._faces[:, k]] for k in range(3))
        return np.concatenate([values, (a + b + c) / 3])
