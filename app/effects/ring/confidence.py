"""How much of a ring is visible past the hands, and the mesh's confidence there. NumPy, no drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.effects.ring.fit import Section
from models.geometry import cross, project
from models.hand.hand_data import HandData
from models.types import Camera, Float32, Float64, HandMesh

_POINTS = 24  # looked at around the ring
_BEHIND_M = 0.002  # a surface this much nearer to the camera hides
_OWN_REACH_M = 0.008  # so far along it the wearer's finger and palm carry the ring, they don't hide it
_OWN_RADII = 1.4  # .. and so far from its middle

# Nothing is trusted below the first, everything above the second:
_POINTING = (0.17, 0.35)  # sine of the angle between finger and line of sight
_NARROW_PX = (4.0, 6.0)  # the finger's width
_NEAR_M = (0.06, 0.09)
_INSIDE = (0.3, 0.55)  # the fraction of the finger that the picture shows
_UNSURE = (0.4, 0.6)  # the network's presence
_DOUBTS = (
    "the finger points at the camera",
    "the hand is too far away",
    "the hand is too near",
    "the picture's edge cuts the finger",
    "the hand is not seen well",
)
_ALONG = 13  # points from knuckle to tip


def visible_fraction(
    section: Section, region: int, wearer: HandMesh, hands: Sequence[HandMesh], model: HandData
) -> float:
    """The fraction, 0..1, of a ring's camera side that no other part of a hand covers.

    section: the finger's, where the ring sits, camera frame. region: the finger's in `model.regions`.
    hands: all those in view, the wearer among them. 0 where the ring has no camera side: the finger points at
    the camera.
    """
    angle = np.linspace(0, 2 * np.pi, _POINTS, endpoint=False)
    outward = np.cos(angle)[:, None] * section.across + np.sin(angle)[:, None] * section.up
    points = section.center_m + 1e-3 * section.radius_mm * outward
    facing = -(outward * points).sum(1) / np.linalg.norm(points, axis=1)
    points, facing = points[facing > 0.02], facing[facing > 0.02]
    if len(points) == 0:
        return 0.0
    covered = np.zeros(len(points), bool)
    for hand in hands:
        faces = model.faces[_may_cover(points, hand.vertices_m, model.faces)]
        if hand is wearer:
            faces = faces[~_carries(section, region, hand.vertices_m, faces, model)]
        covered |= _covered(points, hand.vertices_m[faces].astype(np.float64))
    return float(facing[~covered].sum() / facing.sum())


@dataclass(frozen=True)
class MeshConfidence:
    """How reliable a mesh is where a ring sits."""

    level: float  # 0 hides the ring .. 1
    doubt: str  # what lowers it most, for people


def mesh_confidence(section: Section, region: int, hand: HandMesh, camera: Camera) -> MeshConfidence:
    """How far to trust the mesh where the ring sits.

    Not where the finger points at the camera (a position along it shows least), is a few pixels wide, is cut
    by the picture's edge, or is nearer to the lens than hands are held; nor on a hand of low presence.
    """
    z = section.center_m[2]
    if z <= 0:
        return MeshConfidence(0.0, _DOUBTS[2])
    view = section.center_m / np.linalg.norm(section.center_m)
    width_px = 2e-3 * section.radius_mm * camera.fx / z
    limits = (
        (float(np.linalg.norm(cross(section.axis, view))), _POINTING),
        (float(width_px), _NARROW_PX),
        (float(z), _NEAR_M),
        (inside_fraction(section, region, hand, camera), _INSIDE),
        (hand.presence, _UNSURE),
    )
    levels = [float(np.clip((value - low) / (high - low), 0, 1)) for value, (low, high) in limits]
    worst = int(np.argmin(levels))
    return MeshConfidence(levels[worst], _DOUBTS[worst])


def inside_fraction(section: Section, region: int, hand: HandMesh, camera: Camera) -> float:
    """How much of a finger, knuckle to tip, the picture shows, 0..1; 0 where the ring's place is outside.

    region: the finger's in HandData, 1 thumb .. 5 little. Beyond the edge a network only guesses.
    """
    joints = hand.joints_m[4 * region - 3 : 4 * region + 1]
    along = np.linspace(0, 3, _ALONG)
    whole = np.minimum(along.astype(int), 2)
    points = joints[whole] + (along - whole)[:, None] * (joints[whole + 1] - joints[whole])
    if min(points[:, 2].min(), section.center_m[2]) <= 0:
        return 0.0
    px = project(np.concatenate([points, section.center_m[None]]), camera)
    shown = np.all((px >= 0) & (px <= [camera.width - 1, camera.height - 1]), axis=1)
    return float(np.mean(shown[:-1])) if shown[-1] else 0.0


def _may_cover(points: Float64, vertices: Float32, faces: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(F,) which faces reach into the part of the picture around the points, and are nearer than some."""
    px, v_px = points[:, :2] / points[:, 2:], vertices[:, :2] / vertices[:, 2:]
    outside = np.concatenate([v_px < px.min(0), v_px > px.max(0)], 1)
    outside = np.column_stack([outside, vertices[:, 2] > points[:, 2].max() - _BEHIND_M])
    a, b, c = faces.T
    return ~(outside[a] & outside[b] & outside[c]).any(1)


def _carries(
    section: Section, region: int, vertices: Float32, faces: NDArray[np.int32], model: HandData
) -> NDArray[np.bool_]:
    """(F,) which faces are the finger inside the ring, or the palm beside it."""
    regions = model.regions[faces]
    from_ring = vertices[faces] - section.center_m
    along = from_ring @ section.axis
    off = np.linalg.norm(from_ring - along[..., None] * section.axis, axis=-1)
    near = (np.abs(along) < _OWN_REACH_M) & (off < 1e-3 * _OWN_RADII * section.radius_mm)
    return ((regions == region) | (regions == 0)).all(1) & near.any(1)


def _covered(points: Float64, corners: Float64) -> NDArray[np.bool_]:
    """(N,) which points (N, 3) have a triangle (F, 3, 3) in front of them. All are in front of the camera."""
    at = (points[:, :2] / points[:, 2:])[:, None]
    a, b, c = np.moveaxis(corners[..., :2] / corners[..., 2:], 1, 0)
    whole = _twice_area(a, b, c)
    whole = np.where(np.abs(whole) < 1e-14, np.inf, whole)  # seen edge-on: covers nothing
    fraction = np.stack([_twice_area(at, b, c), _twice_area(a, at, c), _twice_area(a, b, at)], -1)
    fraction /= whole[:, None]
    nearness = (fraction / corners[..., 2]).sum(-1)  # 1 / depth is linear in the picture, as depth is not
    return ((fraction > 0).all(-1) & (nearness * (points[:, 2:] - _BEHIND_M) > 1)).any(1)


def _twice_area(a: Float64, b: Float64, c: Float64) -> Float64:
    """Of triangles (..., 2), signed."""
    return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
        c[..., 0] - a[..., 0]
    )
