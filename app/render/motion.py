"""How far what is drawn moves in the picture while the shutter is open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.render.camera_response import SHUTTER
from app.render.scene import Prop
from models.geometry import project
from models.types import Camera

Float = NDArray[np.float64]

_FRAME_S = 1 / 30  # of a webcam: frames that were left out don't lengthen the exposure
_LONGEST_S = 0.15  # between frames; what was longer away is not taken for moving


class ScreenMotion:
    """Remembers where the props on fingers were in the last frame."""

    def __init__(self) -> None:
        self._time_s = -np.inf
        self._places: dict[tuple[int, int], Float] = {}

    def smear_px(self, props: Sequence[Prop], camera: Camera, time_s: float) -> Float:
        """(2,) by which the slowest prop moves; zero without one, or where any has just come."""
        dt = time_s - self._time_s
        before, self._time_s = self._places, time_s
        self._places = {
            (p.grip.track_id, p.grip.region): project(p.pose[:3, 3], camera)
            for p in props
            if p.grip is not None
        }
        still = np.zeros(2)
        if not 0 < dt < _LONGEST_S:
            return still
        moved = [place - before.get(key, place) for key, place in self._places.items()]
        slowest = min(moved, key=lambda m: float(np.hypot(*m)), default=still)
        return SHUTTER * min(1.0, _FRAME_S / dt) * slowest
