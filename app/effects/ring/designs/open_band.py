"""An open ring: a slender wire whose two ends pass each other on the back of the finger, a ball on each."""

from __future__ import annotations

import numpy as np

from app.effects.ring.model import Design, RingModel, RingPart
from app.effects.ring.shapes import rise
from app.effects.solids import ball, joined, tube

WIRE_M, END_M = 0.00105, 0.00085  # radii
BALL_M = 0.00165
GAP_RAD = 0.30  # between the two ends, as seen from the middle of the finger
ASIDE_M = 0.0017  # by which each end leaves the middle


def open_band(inner_radius_m: float) -> RingModel:
    """The gap is at +y."""
    fraction = np.linspace(0, 1, 150)
    turn = np.pi / 2 + GAP_RAD / 2 + (2 * np.pi - GAP_RAD) * fraction
    end = np.abs(2 * fraction - 1)  # 1 at both ends
    aside = ASIDE_M * np.sign(fraction - 0.5) * rise(end, 0.45, 1.0)
    radii = WIRE_M + (END_M - WIRE_M) * rise(end, 0.3, 1.0)
    r = inner_radius_m + radii
    path = np.stack([r * np.cos(turn), r * np.sin(turn), aside], 1)
    lift = (inner_radius_m + BALL_M) / r[-1]
    balls = [ball(path[k] * [lift, lift, 1], BALL_M, corners=24) for k in (0, -1)]
    outer = inner_radius_m + 2 * WIRE_M
    return RingModel(
        (RingPart(joined(tube(path, radii, 18), *balls), "metal"),), inner_radius_m, outer, WIRE_M
    )


DESIGN = Design("open", open_band, order=60)
