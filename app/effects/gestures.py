"""What a hand is doing, read off its mesh: how far it is closed, where a thing in it would be. NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.render.scene import HeldBy
from models.types import Float64, HandMesh

WRIST, THUMB_TIP = 0, 4
KNUCKLES = np.array([5, 9, 13, 17])  # index to little; the next three are towards the tip
_OPEN_BEND, _CLOSED_BEND = np.radians([60.0, 215.0])  # what a finger's three joints bend in all
_AROUND_FROM, _AROUND = 0.25, 0.5  # closure of a finger that begins to be around a thing, and that is
_PALMWARDS_M = 0.008  # in a fist, from the fingers' middle: they lie in front of what they hold
_PALM_THICK_M = 0.013  # from the plane of the bones to the palm's skin


@dataclass(frozen=True)
class PalmFrame:
    """The palm as a frame for what lies in the hand, in the camera frame.

    across, out and forward are unit vectors at right angles to each other: for a right hand
    forward = across x out, for a left hand out x across.
    """

    closure: float  # 0 open .. 1 fist, the four fingers' mean
    palm_m: Float64  # (3,) the middle of the palm, on its skin
    center_m: Float64  # (3,) what the fingers close around: in a fist its middle, else just above the palm
    across: Float64  # (3,) from the little finger's side to the thumb's
    out: Float64  # (3,) out of the palm
    forward: Float64  # (3,) from the wrist to the fingers
    palm_width_m: float  # index to little knuckle


def closures(joints_m: NDArray[np.floating]) -> Float64:
    """(4,) how far each finger of (21, 3) joints is closed, index to little: 0 stretched .. 1 in a fist."""
    j = np.asarray(joints_m, np.float64)
    chain = np.stack([np.broadcast_to(j[WRIST], (4, 3)), *(j[KNUCKLES + k] for k in range(4))], 1)
    bones = np.diff(chain, axis=1)
    bones /= np.maximum(np.linalg.norm(bones, axis=2, keepdims=True), 1e-9)
    bend = np.arccos(np.clip((bones[:, 1:] * bones[:, :-1]).sum(2), -1, 1)).sum(1)
    return np.clip((bend - _OPEN_BEND) / (_CLOSED_BEND - _OPEN_BEND), 0, 1)


def palm_frame(hand: HandMesh, clearance_m: float = 0.0) -> PalmFrame:
    """Where a thing would be held; clearance_m: from the palm's skin to its middle while the hand is open."""
    j = hand.joints_m.astype(np.float64)
    knuckles = j[KNUCKLES]
    forward = _unit(knuckles.mean(0) - j[WRIST])
    across = knuckles[0] - knuckles[3]
    width = float(np.linalg.norm(across))
    across = _unit(across - (across @ forward) * forward)
    out = np.cross(forward, across) * (1 if hand.handedness == "left" else -1)
    fingers = closures(j)
    closed = float(fingers.mean())
    palm = 0.18 * j[WRIST] + 0.82 * knuckles.mean(0) + _PALM_THICK_M * out
    inside = np.average(j[KNUCKLES[:, None] + np.arange(4)].mean(1), axis=0, weights=fingers + 1e-3)
    inside -= _PALMWARDS_M * out
    fraction = float(np.clip((closed - 0.25) / 0.5, 0, 1))
    center = (1 - fraction) * (palm + clearance_m * out) + fraction * inside
    return PalmFrame(closed, palm, center, across, out, forward, width)


def held_by(hand: HandMesh) -> HeldBy:
    """How far its fingers are around what lies in it; the thumb as far as the fingers on average."""
    around = np.clip((closures(hand.joints_m) - _AROUND_FROM) / (_AROUND - _AROUND_FROM), 0, 1)
    return HeldBy(hand.track_id, (0.0, float(around.mean()), *around.tolist()))


def thumb_over(
    hand: HandMesh, start_m: NDArray[np.floating], end_m: NDArray[np.floating], up: NDArray[np.floating]
) -> tuple[float, float]:
    """Where the thumb's tip joint is over a line on a surface: how far beside the line, how far above.

    up: (3,) unit vector out of the surface. Camera frame, metres.
    """
    start, along = np.asarray(start_m, np.float64), np.asarray(end_m, np.float64) - start_m
    tip = hand.joints_m[THUMB_TIP] - start
    above = float(tip @ up)
    flat = tip - above * np.asarray(up, np.float64)
    fraction = float(np.clip(flat @ along / max(float(along @ along), 1e-12), 0, 1))
    return float(np.linalg.norm(flat - fraction * along)), above


class Hysteresis:
    """A yes or no from a noisy value: on above one level, off below another, and only if it lasts."""

    def __init__(self, on_above: float, off_below: float, lasting_s: float = 0.06) -> None:
        """Raises ValueError unless the value has to fall for off after it rose for on."""
        if not on_above > off_below:
            raise ValueError(f"hysteresis: expected on_above > off_below, got {on_above} and {off_below}")
        self.on = False
        self._levels = on_above, off_below
        self._lasting_s = lasting_s
        self._since_s: float | None = None  # when the value began to say otherwise

    def update(self, value: float, time_s: float) -> bool:
        """The state after this value at this time."""
        on_above, off_below = self._levels
        otherwise = value < off_below if self.on else value > on_above
        if not otherwise:
            self._since_s = None
        elif self._since_s is None or time_s < self._since_s:
            self._since_s = time_s
        if self._since_s is not None and time_s - self._since_s >= self._lasting_s:
            self.on, self._since_s = not self.on, None
        return self.on


def closure_hysteresis() -> Hysteresis:
    """On while a hand is closed around something, fed with `PalmFrame.closure`."""
    return Hysteresis(0.58, 0.42)


def _unit(vector: Float64) -> Float64:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
