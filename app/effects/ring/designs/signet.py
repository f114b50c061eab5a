"""A signet ring: a tapered shank that swells to a flat cushion-shaped face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.effects.ring.model import Design, RingModel, RingPart
from app.effects.ring.shapes import around, denser_at_top, rise
from app.effects.solids import swept

SHANK_WIDTH_M, FACE_WIDTH_M = 0.0032, 0.0105
SHANK_M, SHOULDER_M = 0.0015, 0.0038  # thickness, before the face is cut
FACE_M = 0.0026  # height of the face above the finger
BEVEL_M = 0.00017
DOME_M = 0.045  # radius


def signet(inner_radius_m: float) -> RingModel:
    """The face lies square to the back of the finger, its edge bevelled.

    It is brushed and hardly domed: a flat mirror shows one spot of the room, and flashes white or dark.
    """
    angle = denser_at_top(120)
    off_top = np.abs((angle - np.pi / 2 + np.pi) % (2 * np.pi) - np.pi)
    swell = 1 - rise(off_top, np.radians(14), np.radians(105))
    thickness = SHANK_M + (SHOULDER_M - SHANK_M) * (1 - rise(off_top, np.radians(26), np.radians(74)))
    points = around(
        angle, inner_radius_m, SHANK_WIDTH_M + (FACE_WIDTH_M - SHANK_WIDTH_M) * swell, thickness, 32
    )
    face = inner_radius_m + FACE_M - (points[..., 0] ** 2 + points[..., 2] ** 2) / (2 * DOME_M)
    above = (points[..., 1] - face) / BEVEL_M
    points[..., 1] -= BEVEL_M * np.logaddexp(0, np.minimum(above, 50))  # a smooth minimum: face and bevel
    ring = swept(points, closed=True)
    on_face = (above.ravel() > 0)[ring.faces].all(1)
    parts = (
        RingPart(replace(ring, faces=ring.faces[~on_face]), "metal"),
        RingPart(replace(ring, faces=ring.faces[on_face]), "satin"),
    )
    return RingModel(parts, inner_radius_m, inner_radius_m + SHANK_M, SHANK_WIDTH_M / 2)


DESIGN = Design("signet", signet, order=20)
