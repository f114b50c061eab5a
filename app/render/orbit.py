"""The small view from aside: from where it looks, and where in the picture it lies. NumPy, no OpenGL."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.render.viewport import Viewport
from models.types import Float64

_TURN_RAD = 3.6  # by a drag across the whole view
_STEEPEST = np.radians(85.0)
_FRACTION_OF_WIDTH, _FRACTION_OF_HEIGHT = 0.36, 0.48  # of the picture, at most
_MARGIN = 0.02  # of the picture's width


@dataclass(frozen=True)
class Orbit:
    """From where the scene is looked at; zero both: from straight behind the camera."""

    turn: float = -0.75  # radians around the vertical
    tilt: float = 0.40  # radians from above

    def dragged(self, dx: float, dy: float) -> Orbit:
        """After a drag by (dx, dy) of the view's width: what is in front follows the mouse."""
        turn = self.turn + _TURN_RAD * dx
        tilt = float(np.clip(self.tilt + _TURN_RAD * dy, -_STEEPEST, _STEEPEST))
        return Orbit(float((turn + np.pi) % (2 * np.pi) - np.pi), tilt)

    def view(self, target_m: NDArray[np.floating], away_m: float) -> Float64:
        """(4, 4) camera frame -> the frame of one who looks at a point (3,) from so far away."""
        c, s = np.cos(self.turn), np.sin(self.turn)
        around = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
        c, s = np.cos(self.tilt), np.sin(self.tilt)
        above = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
        out = np.eye(4)
        out[:3, :3] = above @ around
        out[:3, 3] = [0, 0, away_m] - out[:3, :3] @ target_m
        return out


def corner_viewport(width: int, height: int) -> Viewport:
    """Where the view lies in a picture of so many pixels: 4:3, in the lower right corner."""
    across = max(4, round(min(_FRACTION_OF_WIDTH * width, _FRACTION_OF_HEIGHT * height)))
    down = max(3, round(0.75 * across))
    margin = min(round(_MARGIN * width), width - across, height - down)
    return Viewport(width - across - margin, height - down - margin, across, down, 1)
