"""How far what is drawn moves in the picture while the shutter is open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.render.camera_response import SHUTTER
from app.render.scene import Prop
from models.geometry import project
from models.types import Camera, Float64

_FRAME_S = 1 / 30  # of a webcam: frames that were left out don't lengthen the exposure
_LONGEST_S = 0.15  # between frames; what was longer away is not taken for moving


class ScreenMotion:
    """Remembers where the props on fingers were in the last frame."""

    def __init__(self) -> None:
        self._time_s = -np.inf
        self._positions: dict[tuple[int, int], Float64] = {}

    def motion_px(self, props: Sequence[Prop], camera: Camera, time_s: float) -> Float64:
        """(2,) by which the slowest prop moves; zero without one, or where any has just come."""
        dt = time_s - self._time_s
        previous, self._time_s = self._positions, time_s
        self._positions = {
            (p.mount.track_id, p.mount.region): project(p.pose[:3, 3], camera)
            for p in props
            if p.mount is not None
        }
        still = np.zeros(2)
        if not 0 < dt < _LONGEST_S:
            return still
        moved = [position - previous.get(key, position) for key, position in self._positions.items()]
        slowest = min(moved, key=lambda m: float(np.hypot(*m)), default=still)
        return SHUTTER * min(1.0, _FRAME_S / dt) * slowest
