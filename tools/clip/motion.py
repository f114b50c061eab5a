"""A hand's movement from a few key poses in the angles of anatomy: arm, wrist and fingers.

The arm gives the hand its place and direction, so the forearm is always where an arm would be. Between
keys every angle runs on a monotone cubic, each finger with its own small delay, and nothing is ever
quite still.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

from models.geometry import rotation_from_axis_angle
from models.types import Float64

FINGER_DELAY_S = (0.03, 0.0, 0.02, 0.045, 0.07)
"""Thumb to little finger: fingers do not move in lock-step."""


@dataclass(frozen=True)
class Fingers:
    """Angles in degrees: flexion towards the palm, abduction, twist.

    The four fingers index to little each have (knuckle flexion, middle joint, end joint, abduction); the
    thumb (base flexion, base abduction, base twist, knuckle, end joint).
    """

    index: tuple[float, float, float, float] = (0, 0, 0, 0)
    middle: tuple[float, float, float, float] = (0, 0, 0, 0)
    ring: tuple[float, float, float, float] = (0, 0, 0, 0)
    little: tuple[float, float, float, float] = (0, 0, 0, 0)
    thumb: tuple[float, float, float, float, float] = (0, 0, 0, 0, 0)

    def angles_deg(self) -> Float64:
        """(15, 3) flexion, abduction, twist of each finger joint, thumb first."""
        a = np.zeros((15, 3))
        a[0], a[1, 0], a[2, 0] = self.thumb[:3], self.thumb[3], self.thumb[4]
        for f, (knuckle, middle, end, abduction) in enumerate(
            (self.index, self.middle, self.ring, self.little), 1
        ):
            a[3 * f : 3 * f + 3, 0] = knuckle, middle, end
            a[3 * f, 1] = abduction
        return a


@dataclass(frozen=True)
class Key:
    """One moment of the movement. Camera frame, metres."""

    time_s: float
    wrist_m: tuple[float, float, float]
    elbow_m: tuple[float, float, float]
    turn_deg: float = 0.0  # 0: palm to the camera, 180: back of the hand (supinated)
    bend_deg: float = 0.0  # wrist flexion, towards the palm
    tilt_deg: float = 0.0  # wrist deviation, towards the thumb
    fingers: Fingers = field(default_factory=Fingers)

    def _values(self) -> Float64:
        angles = (self.turn_deg, self.bend_deg, self.tilt_deg)
        return np.concatenate([self.wrist_m, self.elbow_m, angles, self.fingers.angles_deg().ravel()])


@dataclass(frozen=True)
class Moment:
    """The arm and hand at one time."""

    R_wrist: Float64  # (3, 3) global rotation of the hand
    wrist_m: Float64  # (3,)
    elbow_m: Float64  # (3,)
    angles_rad: Float64  # (15, 3) flexion, abduction, twist of the finger joints


class Motion:
    """Plays key poses."""

    def __init__(self, keys: list[Key], seed: int = 0, noise: float = 1.0) -> None:
        times = [key.time_s for key in keys]
        if len(keys) < 2 or np.any(np.diff(times) <= 0):
            raise ValueError(f"motion: expected at least two keys at growing times, got {times}")
        self._curve = PchipInterpolator(times, np.stack([key._values() for key in keys]))
        self._span = (times[0], times[-1])
        rng = np.random.default_rng(seed)
        self._speed = rng.uniform(0.15, 0.9, (4, 54)) * 2 * np.pi  # rad/s
        self._phase = rng.uniform(0, 2 * np.pi, (4, 54))
        size = np.concatenate([np.full(3, 0.0016), np.full(3, 0.002), np.full(3, 0.9), np.full(45, 0.5)])
        size[9 + np.arange(15) * 3 + 2] = 0  # bones do not twist
        self._noise = noise * size / 2

    def at(self, time_s: float) -> Moment:
        """The pose at a time; before the first key and after the last it rests there."""
        delays = np.zeros(54)
        delays[9:] = np.repeat(FINGER_DELAY_S, 9)
        when = np.clip(time_s - delays, *self._span)
        values = np.array([self._curve(t) for t in np.unique(when)])
        picked = values[np.searchsorted(np.unique(when), when), np.arange(54)]
        picked = picked + self._noise * np.sin(self._speed * time_s + self._phase).sum(0)
        wrist, elbow = picked[:3], picked[3:6]
        R = _hand_rotation(wrist - elbow, *picked[6:9])
        return Moment(R, wrist, elbow, np.radians(picked[9:].reshape(15, 3)))


def _hand_rotation(forearm: ArrayLike, turn_deg: float, bend_deg: float, tilt_deg: float) -> Float64:
    """Global rotation of a hand whose rest shows the camera its palm, fingers up, thumb to the right."""
    up = np.asarray(forearm, np.float64)
    up = up / np.linalg.norm(up)
    y = -up
    z = np.array([0.0, 0, 1]) - y * y[2]
    z /= np.linalg.norm(z)
    straight = np.stack([np.cross(y, z), y, z], 1)
    turn = rotation_from_axis_angle(-np.radians(turn_deg) * y @ straight)
    wrist = rotation_from_axis_angle([np.radians(bend_deg), 0, 0]) @ rotation_from_axis_angle(
        [0, 0, np.radians(tilt_deg)]
    )
    return straight @ turn @ wrist
