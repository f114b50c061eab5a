"""One-Euro filters (Casiez, Roussel, Vogel: "1 euro filter", CHI 2012), and a hand's own use of them.

A hand's position in the picture, its depth and its articulation are filtered apart: a single view is many
times less sure of depth than of the rest, so depth is filtered more without delaying the hand in the picture.
Its shape, which belongs to the person, is averaged in `models.tracking.reconstruction`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from models.geometry import blended_rotations
from models.types import N_VERTICES, Camera, Float64, HandMesh, HandPose

PALM = [0, 5, 9, 13, 17]
MAX_GAP_S = 0.25  # after a longer gap, earlier values say nothing about now
SPEED_CUTOFF_HZ = 1.5  # of the speed estimate


@dataclass(frozen=True)
class OneEuroConfig:
    """How one quantity is filtered."""

    min_cutoff_hz: float  # at rest: lower is steadier
    cutoff_per_speed: float  # how fast the cutoff rises with speed: higher lags less. Hz per unit/s


class OneEuro:
    """The filter for one array whose entries move as a body: they share one speed and so one cutoff.

    Applying the same blend to every entry keeps shapes: a mesh is never bent by its own filter.
    """

    def __init__(self, config: OneEuroConfig) -> None:
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next value passes unchanged."""
        self._time_s = -np.inf
        self._value: Float64 | None = None
        self._raw: Float64 | float = 0.0
        self._speed: Float64 | float = 0.0
        self.weight = 1.0  # of the newest value in the last answer

    def __call__(self, value: ArrayLike, time_s: float, unit: float = 1.0) -> Float64:
        """The filtered value (same shape) at a time in seconds. unit: the size of one unit of speed.

        A repeated time returns the last answer; a step back in time or a gap begins anew.
        """
        x = np.asarray(value, np.float64)
        dt = time_s - self._time_s
        if self._value is not None and dt == 0 and self._value.shape == x.shape:
            self.weight = 0.0
            return self._value
        if self._value is None or self._value.shape != x.shape or not 0 < dt <= MAX_GAP_S:
            self._value, self._speed, self.weight = x.copy(), np.zeros_like(x), 1.0
        else:
            blend = _blend(SPEED_CUTOFF_HZ, dt)
            self._speed = self._speed + blend * ((x - self._raw) / dt - self._speed)
            points = x.size // x.shape[-1]
            speed = math.sqrt(np.vdot(self._speed, self._speed) / points) / unit
            cutoff = self.config.min_cutoff_hz + self.config.cutoff_per_speed * speed
            self.weight = _blend(cutoff, dt)
            self._value = self._value + self.weight * (x - self._value)
        self._raw, self._time_s = x.copy(), time_s
        return self._value


@dataclass(frozen=True)
class HandFilterConfig:
    """The filters of one hand. Speeds in metres a second, for depth in its own size (1 / s)."""

    position: OneEuroConfig
    depth: OneEuroConfig
    articulation: OneEuroConfig


def hand_filter_config(smoothing: float) -> HandFilterConfig:
    """The filters for one slider: 0 steady .. 1 responsive. Raises ValueError outside.

    The middle was tuned on real videos. What each setting costs in lag and leaves of the jitter,
    `tools.measure_smoothing` prints.
    """
    if not 0 <= smoothing <= 1:
        raise ValueError(f"smoothing: expected 0 (steady) to 1 (responsive), got {smoothing}")
    rest, motion = 3.0 ** (2 * smoothing - 1), 2.0 ** (2 * smoothing - 1)
    return HandFilterConfig(
        position=OneEuroConfig(0.5 * rest, 200 * motion),
        depth=OneEuroConfig(0.5 * rest, 14 * motion),
        articulation=OneEuroConfig(0.5 * rest, 200 * motion),
    )


class HandFilter:
    """Smooths one hand. Begins anew after a gap, a step back in time or a change of handedness."""

    def __init__(self, config: HandFilterConfig) -> None:
        self._position = OneEuro(config.position)
        self._depth = OneEuro(config.depth)
        self._articulation = OneEuro(config.articulation)
        self._joints_2d = OneEuro(config.position)
        self._handedness = ""
        self._pose: tuple[Float64, Float64, Float64] | None = None  # rotations, betas, wrist from the palm

    def __call__(self, hand: HandMesh, camera: Camera) -> HandMesh:
        """The same hand, smoothed. It must be in front of the camera."""
        if hand.handedness != self._handedness:
            for part in (self._position, self._depth, self._articulation, self._joints_2d):
                part.reset()
            self._handedness = hand.handedness
        t = hand.time_s
        centre = hand.joints_m[PALM].mean(0, dtype=np.float64)
        z = math.exp(self._depth([math.log(centre[2])], t)[0])
        xy = self._position(centre[:2] / centre[2], t, unit=1 / z)
        points = self._articulation(np.concatenate([hand.vertices_m, hand.joints_m]) - centre, t)
        moved = np.append(xy * z, z)
        points = (points + moved).astype(np.float32)
        return replace(
            hand,
            vertices_m=points[:N_VERTICES],
            joints_m=points[N_VERTICES:],
            joints_2d_px=self._joints_2d(hand.joints_2d_px, t, unit=camera.fx / z).astype(np.float32),
            pose=self._filtered_pose(hand, centre, moved),
        )

    def _filtered_pose(self, hand: HandMesh, centre: Float64, moved: Float64) -> HandPose | None:
        """The parameters moved as the mesh was: by the articulation's weight, about the palm's centre."""
        if hand.pose is None:
            self._pose = None
            return None
        flip = np.array([-1.0 if hand.handedness == "left" else 1.0, 1.0, 1.0])
        R, betas = hand.pose.rotations.astype(np.float64), hand.pose.betas.astype(np.float64)
        wrist, weight = hand.pose.translation_m - flip * centre, self._articulation.weight
        if self._pose is not None and weight < 1:
            R0, betas0, wrist0 = self._pose
            R = blended_rotations(R0, R, weight)
            betas, wrist = betas0 + weight * (betas - betas0), wrist0 + weight * (wrist - wrist0)
        self._pose = R, betas, wrist
        return HandPose(
            R.astype(np.float32), betas.astype(np.float32), (wrist + flip * moved).astype(np.float32)
        )


def _blend(cutoff_hz: float, dt_s: float) -> float:
    """Weight of the new value in a first-order low-pass filter."""
    r = 2 * np.pi * cutoff_hz * dt_s
    return float(r / (r + 1))
