"""What the frame itself says about its light: how bright white would look, and the colour of the skin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.types import HandMesh

Float = NDArray[np.float32]

GREY = 0.22  # what an average scene reflects
MEMORY_S = 0.5
_TO_LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)


class SceneLight:
    """A running estimate; a jump in time starts afresh."""

    def __init__(self) -> None:
        self._time_s: float | None = None
        self.white_rgb: Float = np.ones(3, np.float32)
        self.skin_rgb: Float = np.array([0.45, 0.28, 0.2], np.float32)

    def update(self, frame_rgb: NDArray[np.uint8], hands: Sequence[HandMesh], time_s: float) -> None:
        """Look at one frame, (H, W, 3). Both colours are linear RGB, (3,)."""
        white, skin = estimate_light(frame_rgb, hands)
        dt = None if self._time_s is None else time_s - self._time_s
        keep = float(np.exp(-dt / MEMORY_S)) if dt is not None and 0 <= dt < 1 else 0.0
        self.white_rgb = keep * self.white_rgb + (1 - keep) * white
        self.skin_rgb = keep * self.skin_rgb + (1 - keep) * skin
        self._time_s = time_s


def estimate_light(frame_rgb: NDArray[np.uint8], hands: Sequence[HandMesh]) -> tuple[Float, Float]:
    """White and skin, linear RGB (3,) each, of one frame.

    White: the scene is grey on average, its tint half believed (a red wall is not a red lamp). Skin: the
    median under the hand's joints.
    """
    height, width, _ = frame_rgb.shape
    step = max(1, min(height, width) // 48)
    mean = _TO_LINEAR[frame_rgb[::step, ::step]].mean((0, 1))
    level = float(np.clip(mean.mean() / GREY, 0.12, 1.6))
    tint = (mean + 1e-3) / (mean.mean() + 1e-3)
    white = level * (0.5 + 0.5 * np.clip(tint, 0.6, 1.5))
    joints = np.concatenate([hand.joints_2d_px for hand in hands]) if hands else np.zeros((0, 2))
    px = np.rint(joints).astype(int)
    px = px[(px >= 0).all(1) & (px < [width, height]).all(1)]
    skin = np.median(_TO_LINEAR[frame_rgb[px[:, 1], px[:, 0]]], axis=0) if len(px) else 0.35 * white
    return white.astype(np.float32), np.asarray(skin, np.float32)
