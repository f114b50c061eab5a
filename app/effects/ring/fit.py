"""Where a ring sits on a finger, and which size it is: the finger's own cross-section. NumPy, no drawing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.geometry import cross
from models.hand.hand_data import HandData
from models.hand.joint_limits import anatomical_frames
from models.types import Float64, HandMesh

Finger = Literal["thumb", "index", "middle", "ring", "little"]
Segment = Literal["proximal", "middle", "distal"]
FINGERS: tuple[Finger, ...] = get_args(Finger)
SEGMENTS: tuple[Segment, ...] = get_args(Segment)

_CENTRE_LINE: dict[str, tuple[float, float]] = {
    # Where along a segment the finger's own direction is measured. The palm half of the first one leans into
    # the web of skin between the fingers.
    "proximal": (0.6, 0.9),
    "middle": (0.25, 0.75),
    "distal": (0.2, 0.6),
}
_REACH = (-0.6, 1.5)  # how far a segment's faces go beyond its two joints at rest, in lengths of the segment
_MOST_OVAL = 1.15  # a band follows the finger's shape up to this ratio of its axes to a circle's


@dataclass(frozen=True)
class Section:
    """A cut through a finger, square to it, in the frame of the vertices it came from, metres."""

    center_m: Float64  # (3,) of the cut's area
    axis: Float64  # (3,) unit vector towards the fingertip
    up: Float64  # (3,) unit vector towards the finger's back, square to the axis
    radius_mm: float  # of the circle with the same circumference
    circumference_mm: float  # of the convex hull: what a tape around the finger measures
    half_width_mm: float  # half axes of the ellipse that fits the hull, across the finger ..
    half_height_mm: float  # .. and towards its back
    points: Float64  # (N, 3) where the plane cuts the mesh's edges

    @cached_property
    def across(self) -> Float64:
        """(3,) unit vector, up x axis: a right-handed frame (across, up, axis)."""
        return cross(self.up, self.axis)


def segment_ends(finger: Finger, segment: Segment) -> tuple[int, int]:
    """The two of the 21 joints between which a segment lies. ValueError if the finger has no such segment."""
    if finger not in FINGERS:
        raise ValueError(f"finger: expected one of {', '.join(FINGERS)}, got {finger!r}")
    if segment not in SEGMENTS or (finger == "thumb" and segment == "middle"):
        allowed = ("proximal", "distal") if finger == "thumb" else SEGMENTS
        raise ValueError(f"segment: the {finger} finger has {', '.join(allowed)}, got {segment!r}")
    f, s = FINGERS.index(finger), SEGMENTS.index(segment)
    first = 1 + 4 * f + s + (1 if (finger, segment) == ("thumb", "proximal") else 0)
    return first, first + 1


def finger_section(
    vertices: ArrayLike,
    faces: NDArray[np.integer],
    joints: ArrayLike,
    finger: Finger,
    segment: Segment,
    t: float,
    back: ArrayLike,
) -> Section | None:
    """Cut a finger square to its own direction.

    vertices: (V, 3) metres. faces: (F, 3), those of this finger alone, so that its neighbours never join.
    joints: (21, 3). t: 0 at the segment's palm end .. 1. back: (3,) any vector that points to the back of the
    finger. Returns None where the plane meets no finger.
    """
    v, j = np.asarray(vertices, np.float64), np.asarray(joints, np.float64)
    a, b = (j[k] for k in segment_ends(finger, segment))
    up = np.asarray(back, np.float64)
    axis, origin = _unit(b - a), a + t * (b - a)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    low, high = (_cut(v, edges, a + s * (b - a), axis, up) for s in _CENTRE_LINE[segment])
    if low is not None and high is not None:
        line = high.center_m - low.center_m
        if line @ axis > 0:
            origin = low.center_m + line * ((origin - low.center_m) @ axis / (line @ axis))
            axis = _unit(line)
    return _cut(v, edges, origin, axis, up)


class FingerSections:
    """`finger_section` for one hand model: knows each segment's faces and which way its back looks."""

    def __init__(self, hand: HandData) -> None:
        # The bones' own ends, not the 21 joints that detectors are calibrated to: those move when they are.
        self._joints = hand.regressor_21_mano
        rest = hand.template_m.astype(np.float64)
        joints = self._joints @ rest
        dorsal = anatomical_frames(hand)[:, :, 1]
        self._segments: dict[tuple[Finger, Segment], _SegmentMesh] = {}
        for f, finger in enumerate(FINGERS):
            of_finger = hand.regions == f + 1
            for segment in SEGMENTS:
                if (finger, segment) == ("thumb", "middle"):
                    continue
                a, b = segment_ends(finger, segment)
                bone = joints[b] - joints[a]
                along = (rest - joints[a]) @ bone / (bone @ bone)
                # A bent finger's end may reach through the plane that cuts its root: keep it out.
                near = of_finger & (along > _REACH[0]) & (along < _REACH[1])
                height = rest @ dorsal[a - f - 1]
                order = np.flatnonzero(near)[np.argsort(height[near])]
                k = max(3, len(order) // 5)
                self._segments[finger, segment] = _SegmentMesh(
                    hand.faces[near[hand.faces].all(1)], order[:k], order[-k:]
                )

    def section(self, mesh: HandMesh, finger: Finger, segment: Segment, t: float) -> Section | None:
        """The cut at t along a segment of a hand's finger, in the camera frame; None where there is none."""
        segment_ends(finger, segment)
        part, v = self._segments[finger, segment], mesh.vertices_m
        back = v[part.back_side].mean(0) - v[part.palm_side].mean(0)
        return finger_section(v, part.faces, self._joints @ v, finger, segment, t, back)


@dataclass(frozen=True)
class _SegmentMesh:
    faces: NDArray[np.int32]  # (F, 3)
    palm_side: NDArray[np.int64]  # vertices
    back_side: NDArray[np.int64]


def _cut(
    v: Float64, edges: NDArray[np.integer], origin: Float64, axis: Float64, back: Float64
) -> Section | None:
    height = (v - origin) @ axis
    h = height[edges]
    crossed = (h[:, 0] > 0) != (h[:, 1] > 0)
    ends, h = edges[crossed], h[crossed]
    if len(ends) < 6:
        return None
    fraction = h[:, 0] / (h[:, 0] - h[:, 1])
    points = v[ends[:, 0]] + fraction[:, None] * (v[ends[:, 1]] - v[ends[:, 0]])
    up = back - (back @ axis) * axis
    if np.linalg.norm(up) < 1e-9:
        return None
    up = _unit(up)
    across = cross(up, axis)
    flat_mm = 1e3 * np.stack([(points - origin) @ across, (points - origin) @ up], 1)
    hull = cv2.convexHull(flat_mm.astype(np.float32))
    circumference = float(cv2.arcLength(hull, True))
    m = cv2.moments(hull)
    if m["m00"] < 1.0:  # square millimetres
        return None
    center = np.array([m["m10"], m["m01"]]) / m["m00"]
    half = 2 * np.sqrt(np.array([m["mu20"], m["mu02"]]) / m["m00"])  # of an ellipse with these moments
    radius = circumference / (2 * np.pi)
    oval = np.clip(half / np.sqrt(half.prod()), 1 / _MOST_OVAL, _MOST_OVAL)
    return Section(
        center_m=origin + 1e-3 * (center[0] * across + center[1] * up),
        axis=axis,
        up=up,
        radius_mm=radius,
        circumference_mm=circumference,
        half_width_mm=float(radius * oval[0]),
        half_height_mm=float(radius * oval[1]),
        points=points,
    )


def _unit(vector: Float64) -> Float64:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
