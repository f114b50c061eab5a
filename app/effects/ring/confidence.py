"""How much of a ring the hands leave visible, and where a mesh is not to be trusted. NumPy, no drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.effects.ring.fit import Section
from models.geometry import cross
from models.hand.hand_data import HandData
from models.types import Camera, HandMesh

Float = NDArray[np.float64]

_POINTS = 24  # looked at around the ring
_BEHIND_M = 0.002  # a surface this much nearer to the camera hides
_OWN_REACH_M = (
    0.008  # the wearer's finger and palm this far along the finger carry the ring, they don't hide it
)
_OWN_RADII = 1.4  # .. and so far from its middle

# Nothing is trusted below the first, everything above the second:
_POINTING = (0.17, 0.35)  # sine of the angle between finger and line of sight
_NARROW_PX = (4.0, 6.0)  # the finger's width
_NEAR_M = (0.06, 0.09)
_UNSURE = (0.4, 0.6)  # the network's presence


def visible_share(
    section: Section, region: int, wearer: HandMesh, hands: Sequence[HandMesh], model: HandData
) -> float:
    """The share, 0..1, of a ring's camera side that no other part of a hand covers.

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
        faces = model.faces[_before(points, hand.vertices_m, model.faces)]
        if hand is wearer:
            faces = faces[~_carries(section, region, hand.vertices_m, faces, model)]
        covered |= _covered(points, hand.vertices_m[faces].astype(np.float64))
    return float(facing[~covered].sum() / facing.sum())


def trust(section: Section, hand: HandMesh, camera: Camera) -> float:
    """0..1, how far a mesh is to be trusted where the ring sits: 0 hides the ring.

    Not where the finger points at the camera (a place along it shows least), is a few pixels wide, or nearer
    to the lens than hands are held, nor on a hand that the network hardly sees.
    """
    z = section.center_m[2]
    if z <= 0:
        return 0.0
    view = section.center_m / np.linalg.norm(section.center_m)
    limits = (
        (float(np.linalg.norm(cross(section.axis, view))), _POINTING),
        (2e-3 * section.radius_mm * camera.fx / z, _NARROW_PX),
        (float(z), _NEAR_M),
        (hand.presence, _UNSURE),
    )
    return min(float(np.clip((value - low) / (high - low), 0, 1)) for value, (low, high) in limits)


def _before(points: Float, vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(F,) which faces reach into the part of the picture around the points, and are nearer than some."""
    px, v_px = points[:, :2] / points[:, 2:], vertices[:, :2] / vertices[:, 2:]
    outside = np.concatenate([v_px < px.min(0), v_px > px.max(0)], 1)
    outside = np.column_stack([outside, vertices[:, 2] > points[:, 2].max() - _BEHIND_M])
    a, b, c = faces.T
    return ~(outside[a] & outside[b] & outside[c]).any(1)


def _carries(
    section: Section, region: int, vertices: NDArray[np.float32], faces: NDArray[np.int32], model: HandData
) -> NDArray[np.bool_]:
    """(F,) which faces are the finger inside the ring, or the palm beside it."""
    regions = model.regions[faces]
    from_ring = vertices[faces] - section.center_m
    along = from_ring @ section.axis
    off = np.linalg.norm(from_ring - along[..., None] * section.axis, axis=-1)
    near = (np.abs(along) < _OWN_REACH_M) & (off < 1e-3 * _OWN_RADII * section.radius_mm)
    return ((regions == region) | (regions == 0)).all(1) & near.any(1)


def _covered(points: Float, corners: Float) -> NDArray[np.bool_]:
    """(N,) which points (N, 3) have a triangle (F, 3, 3) before them. All are in front of the camera."""
    at = (points[:, :2] / points[:, 2:])[:, None]
    a, b, c = np.moveaxis(corners[..., :2] / corners[..., 2:], 1, 0)
    whole = _twice_area(a, b, c)
    whole = np.where(np.abs(whole) < 1e-14, np.inf, whole)  # seen edge-on: covers nothing
    share = np.stack([_twice_area(at, b, c), _twice_area(a, at, c), _twice_area(a, b, at)], -1)
    share /= whole[:, None]
    nearness = (share / corners[..., 2]).sum(-1)  # 1 / depth is linear in the picture, as depth is not
    return ((share > 0).all(-1) & (nearness * (points[:, 2:] - _BEHIND_M) > 1)).any(1)


def _twice_area(a: Float, b: Float, c: Float) -> Float:
    """Of triangles (..., 2), signed."""
    return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
        c[..., 0] - a[..., 0]
    )
