"""The palm cut square to its length: what a band round it has to follow. NumPy, no drawing."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from app.effects.gestures import KNUCKLES, WRIST
from models.hand.hand_data import HandData
from models.types import Float64, HandMesh

DIRECTIONS = 64
_ANGLES = np.linspace(-np.pi, np.pi, DIRECTIONS, endpoint=False)
SPOKES_M = np.stack([0.040 * np.cos(_ANGLES), 0.015 * np.sin(_ANGLES)], 1)
"""(DIRECTIONS, 2) from the middle to an ellipse much like a palm, evenly spread around it."""


@dataclass(frozen=True)
class PalmSection:
    """What a tape round the palm would touch, in several cuts."""

    frame: Float64  # (4, 4) own frame -> camera frame: x to the thumb, z to the fingers, middle at 0
    heights_m: Float64  # (S,) of the cuts, along
    radii: Float64  # (S, DIRECTIONS) from the middle to the tape, in lengths of SPOKES_M


class PalmSections:
    """`PalmSection` for one hand model: knows which faces are the palm's."""

    def __init__(self, hand: HandData) -> None:
        palm = hand.regions == 0
        self._faces = hand.faces[palm[hand.faces].all(1)].astype(np.int64)

    def section(self, hand: HandMesh, position: float, heights_m: Float64) -> PalmSection | None:
        """Cuts around a position on the line from wrist (0) to knuckles (1); None where there is no palm.

        heights_m: (S,) of the cuts from there towards the fingers.
        """
        joints, v = hand.joints_m.astype(np.float64), hand.vertices_m.astype(np.float64)
        knuckles = joints[KNUCKLES]
        across = _unit(knuckles[0] - knuckles[3])
        forward = knuckles.mean(0) - joints[WRIST]
        origin = joints[WRIST] + position * forward
        along = _unit(forward - (forward @ across) * across)  # square to the knuckles, as a band slips on
        up = np.cross(along, across)
        cuts = [self._cut(v, origin + h * along, along, across, up) for h in heights_m]
        outlines = [cut for cut in cuts if cut is not None]
        if len(outlines) < len(cuts):
            return None
        middle = np.mean([0.5 * (hull.min(0) + hull.max(0)) for hull in outlines], 0)
        frame = np.eye(4)
        frame[:3] = np.stack([across, up, along, origin + middle @ np.stack([across, up])], 1)
        radii = np.stack([_radii(hull - middle) for hull in outlines])
        return PalmSection(frame, heights_m, radii)

    def _cut(
        self, v: Float64, origin: Float64, along: Float64, across: Float64, up: Float64
    ) -> Float64 | None:
        """(N, 2) convex outline of the palm in a plane, metres."""
        height = (v - origin) @ along
        ends = np.concatenate([self._faces[:, [0, 1]], self._faces[:, [1, 2]], self._faces[:, [2, 0]]])
        h = height[ends]
        crossed = (h[:, 0] > 0) != (h[:, 1] > 0)
        if crossed.sum() < 6:
            return None
        a, b, h = v[ends[crossed, 0]], v[ends[crossed, 1]], h[crossed]
        points = a + (h[:, 0] / (h[:, 0] - h[:, 1]))[:, None] * (b - a) - origin
        flat = np.stack([points @ across, points @ up], 1)
        hull = cv2.convexHull(flat.astype(np.float32))[:, 0].astype(np.float64)
        return hull if len(hull) >= 3 and np.ptp(hull, axis=0).min() > 0.005 else None


def _radii(hull: Float64) -> Float64:
    """(DIRECTIONS,) from the origin, inside, to a convex outline (N, 2), in lengths of SPOKES_M."""
    a, b = hull, np.roll(hull, -1, 0)
    normal = np.stack([b[:, 1] - a[:, 1], a[:, 0] - b[:, 0]], 1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    away = (a * normal).sum(1)
    normal, away = np.where(away[:, None] < 0, -normal, normal), np.abs(away)
    facing = SPOKES_M @ normal.T
    return np.where(facing > 1e-9, away / np.maximum(facing, 1e-9), np.inf).min(1)  # the nearest edge


def _unit(vector: Float64) -> Float64:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
