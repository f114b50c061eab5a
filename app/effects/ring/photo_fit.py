"""Where the photo itself shows a finger's two edges, beside a section of the mesh.

A fitted mesh is pixels away from the photographed finger. A ring that ignores that hangs over on one side and
stops short on the other, which is the first thing a person sees.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from app.effects.ring.fit import Section
from models.geometry import cross, project
from models.types import Camera, Float64, UInt8

_REACH = 1.7  # half widths of the finger looked at, to each side
_STEP = 0.03  # half widths
_ALONG = np.array([-0.2, 0.1, 0.4, 0.7, 1.0])  # where along the finger: from the ring on, away from the web
_TILTS = np.radians([-16.0, -12, -8, -4, 0, 4, 8, 12, 16])
# How far the photo's finger may be from the mesh's, one standard deviation each.
_SHIFT_TRUST = 0.3  # half widths
_WIDTH_TRUST = 0.2  # of the width
_TILT_TRUST = np.radians(14.0)
_CLEAR = 50.0  # grey levels per tenth of a half width at which an edge is half believed
_NARROWEST_PX = 5.0

_AT = np.arange(-_REACH, _REACH + _STEP, _STEP)
_LOW, _HIGH = np.flatnonzero((_AT > -1.6) & (_AT < -0.45)), np.flatnonzero((_AT > 0.45) & (_AT < 1.6))
_MIDDLE = (_AT[_HIGH][None, :] + _AT[_LOW][:, None]) / 2
_WIDTH = (_AT[_HIGH][None, :] - _AT[_LOW][:, None]) / 2
_PRIOR = np.exp(
    -0.5 * (_MIDDLE / _SHIFT_TRUST) ** 2
    - 0.5 * ((_WIDTH - 1) / _WIDTH_TRUST) ** 2
    - 0.5 * (_TILTS[:, None, None] / _TILT_TRUST) ** 2
)
_LEANS = np.rint(_ALONG[None, :] * np.tan(_TILTS)[:, None] / _STEP).astype(int)
_LEANING = (np.arange(len(_AT)) + _LEANS[..., None]) % len(_AT)  # positions of lines along a tilted finger


@dataclass(frozen=True)
class PhotoEdges:
    """How the photographed finger lies to the mesh's."""

    shift_m: Float64  # (3,) from the mesh's section to the photo's, camera frame, square to view and finger
    tilt_rad: float  # by which the photo's finger is turned about the line of sight, right-handed
    scale: float  # photographed width over the mesh's
    confidence: float  # 0 .. 1


def photo_edges(frame_rgb: UInt8, camera: Camera, section: Section) -> PhotoEdges | None:
    """Look for the finger's two edges on lines across it.

    frame_rgb: (H, W, 3) as the camera sees it. Returns None where the finger is too small, points at the
    camera or leaves the picture.
    """
    center = section.center_m
    view = center / np.linalg.norm(center)
    sideways = cross(section.axis, view)
    foreshortening = float(np.linalg.norm(sideways))
    if center[2] < 0.02 or foreshortening < 0.5:
        return None
    sideways /= foreshortening
    half_m = 1e-3 * float(
        np.hypot(
            section.half_width_mm * (sideways @ section.across),
            section.half_height_mm * (sideways @ section.up),
        )
    )
    points = center + half_m * (_AT[None, :, None] * sideways + _ALONG[:, None, None] * section.axis)
    px = project(points, camera)
    if np.linalg.norm(px[0, -1] - px[0, 0]) < 2 * _REACH * _NARROWEST_PX:
        return None
    if (px[:, len(_AT) // 2] < 2).any() or (
        px[:, len(_AT) // 2] > [camera.width - 3, camera.height - 3]
    ).any():
        return None
    x, y = np.moveaxis(px.astype(np.float32), -1, 0)
    lines = cv2.remap(frame_rgb, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    smooth = cv2.GaussianBlur(lines.astype(np.float32), (7, 1), 1.2)
    slope = np.abs(np.gradient(smooth, axis=1)).sum(2) * (0.1 / _STEP)
    believed = slope / (slope + _CLEAR)
    # An edge runs along the finger; a crease or a hair does not.
    leaning = believed[np.arange(len(_ALONG))[:, None], _LEANING].mean(1)
    tilt, left, right, confidence = _best_pair(leaning)
    # A line that leans towards +sideways as it goes towards the fingertip is turned by -tilt about the view.
    return PhotoEdges(0.5 * (left + right) * half_m * sideways, -tilt, 0.5 * (right - left), confidence)


def _best_pair(believed: Float64) -> tuple[float, float, float, float]:
    """Tilt, the positions of the two edges in half widths, and how far they are to be believed.

    believed: (tilts, positions). Both edges strong, their middle near to the mesh's, their distance near to
    its width, and hardly turned.
    """
    score = believed[:, _LOW, None] * believed[:, None, _HIGH] * _PRIOR
    t, i, k = np.unravel_index(int(np.argmax(score)), score.shape)
    confidence = float(np.sqrt(believed[t, _LOW[i]] * believed[t, _HIGH[k]]))
    return float(_TILTS[t]), float(_AT[_LOW[i]]), float(_AT[_HIGH[k]]), confidence
