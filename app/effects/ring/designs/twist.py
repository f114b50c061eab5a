"""Two wires twisted into a rope."""

from __future__ import annotations

import numpy as np

from app.effects.ring.model import Design, RingModel, RingPart
from app.effects.solids import joined, swept
from app.render.scene import Geometry

WIRE_M = 0.0006  # radius
TWISTS = 8
STEPS, CORNERS = 192, 10


def twist(inner_radius_m: float) -> RingModel:
    """The wires touch along the rope's middle."""
    middle = inner_radius_m + 2 * WIRE_M
    strands = [_strand(middle, phase) for phase in (0.0, np.pi)]
    outer = inner_radius_m + 4 * WIRE_M
    return RingModel((RingPart(joined(*strands), "metal"),), inner_radius_m, outer, 2 * WIRE_M)


def _strand(middle_m: float, phase: float) -> Geometry:
    turn = np.linspace(0, 2 * np.pi, STEPS, endpoint=False)
    wind = TWISTS * turn + phase
    path = _on_rope(middle_m, turn, WIRE_M * np.cos(wind), WIRE_M * np.sin(wind))
    tangent = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    out = _on_rope(1.0, turn, np.cos(wind), np.sin(wind)) - _on_rope(1.0, turn, 0 * wind, 0 * wind)
    side = np.cross(tangent, out)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    out = np.cross(side, tangent)
    corner = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    circle = np.cos(corner)[:, None] * out[:, None] + np.sin(corner)[:, None] * side[:, None]
    return swept(path[:, None] + WIRE_M * circle, closed=True)


def _on_rope(middle_m: float, turn: np.ndarray, away: np.ndarray, along: np.ndarray) -> np.ndarray:
    """(N, 3) points beside a circle about z: `away` from its axis, `along` it."""
    r = middle_m + away
    return np.stack([r * np.cos(turn), r * np.sin(turn), along], 1)


DESIGN = Design("twist", twist, order=50)
