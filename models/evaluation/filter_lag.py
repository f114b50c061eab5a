"""The lag that smoothing adds, measured on a moving hand: the demo clip's own motion, known exactly."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation, Slerp

from models.geometry import project
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.manifest import ASSETS
from models.tracking.smoothing import PALM, HandFilter, HandFilterConfig
from models.types import Camera, Float64, HandMesh

TRUTH = ASSETS / "clips" / "demo_truth.npz"
MOST_S = 0.4  # no lag is looked for beyond this


@dataclass(frozen=True)
class FilterLag:
    """How late each part of a filtered hand is, milliseconds."""

    joints_2d_ms: float  # the joints in the picture
    place_ms: float  # where the palm's middle is seen, x / z and y / z
    depth_ms: float  # of the palm's middle
    articulation_ms: float  # the joints about the palm's middle

    def rounded(self) -> dict[str, float]:
        """The figures by name, to a tenth."""
        return {field.name: round(getattr(self, field.name), 1) for field in fields(self)}


def lag_s(signal: ArrayLike, delayed: ArrayLike, times_s: ArrayLike) -> float:
    """How much later `delayed` (T, ...) runs than `signal` (T, ...), seconds: the shift that fits best.

    Least squares over all entries, the signal read between its samples; negative where it runs ahead.
    """
    t = np.asarray(times_s, np.float64)
    x = np.asarray(signal, np.float64).reshape(len(t), -1)
    y = np.asarray(delayed, np.float64).reshape(len(t), -1)
    spline = CubicSpline(t, x)
    inner = (t >= t[0] + MOST_S) & (t <= t[-1] - MOST_S)

    def squared_error(shift_s: float) -> float:
        return float(((y[inner] - spline(t[inner] - shift_s)) ** 2).mean())

    # The best of a coarse grid, then the minimum beside it: a hand that waves has several.
    grid = np.linspace(-MOST_S, MOST_S, 81)
    best = float(grid[np.argmin([squared_error(s) for s in grid])])
    step = grid[1] - grid[0]
    return float(minimize_scalar(squared_error, bounds=(best - step, best + step), method="bounded").x)


@lru_cache(maxsize=4)
def moving_hands(fps: float) -> tuple[tuple[HandMesh, ...], Camera]:
    """The ten seconds of the demo clip's hand at another frame rate, exact, and the camera that saw it."""
    with np.load(TRUTH, allow_pickle=False) as truth:
        pose, betas, place = truth["pose"], truth["betas"], truth["translation_m"]
        fx, fy, cx, cy = (float(v) for v in truth["intrinsics"])
        camera = Camera(fx, fy, cx, cy, 640, 480)
        known_s = np.arange(len(pose)) / float(truth["fps"])
    times_s = np.arange(0, known_s[-1], 1 / fps)
    places = CubicSpline(known_s, place)(times_s)
    joints = [Slerp(known_s, Rotation.from_rotvec(pose[:, k]))(times_s) for k in range(16)]
    rotations = np.stack([joint.as_matrix() for joint in joints], 1)
    hand, hands = load_open_hand(), []
    for R, t, time_s in zip(rotations, places, times_s, strict=True):
        vertices, joints_m = pose_hand(hand, R, betas, t)
        pixels = project(joints_m, camera).astype(np.float32)
        hands.append(HandMesh("right", vertices, joints_m, pixels, 1.0, 0, float(time_s)))
    return tuple(hands), camera


def filter_lag(config: HandFilterConfig, fps: float) -> FilterLag:
    """The lag of one setting of the filters at a frame rate."""
    hands, camera = moving_hands(fps)
    steady = HandFilter(config)
    before, after = _parts(hands), _parts([steady(hand, camera) for hand in hands])
    times_s = [hand.time_s for hand in hands]
    return FilterLag(*(1e3 * lag_s(a, b, times_s) for a, b in zip(before, after, strict=True)))


def _parts(hands: list[HandMesh] | tuple[HandMesh, ...]) -> tuple[Float64, Float64, Float64, Float64]:
    """Joints in the picture, place, depth and articulation of each hand."""
    joints = np.array([hand.joints_m for hand in hands], np.float64)
    middle = joints[:, PALM].mean(1)
    pixels = np.array([hand.joints_2d_px for hand in hands], np.float64)
    return pixels, middle[:, :2] / middle[:, 2:], np.log(middle[:, 2]), joints - middle[:, None]
