"""The jitter of a hand that is held still, measured on its track. NumPy only, no state.

MobRecon's temporal measure (Chen et al., CVPR 2022, "acceleration"): the mean length of a point's second
difference over time. Beside it what is left of a point's path once its 11-frame moving mean is taken away.
A frame without a hand is a row of NaN: the moments that need it are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.types import Float64

WINDOW = 11
"""Frames of the moving mean that the high-pass takes away."""
_MEASURES = (
    *("per_frame2", "per_s2", "per_s3", "highpass_rms"),
    *("static_sd", "rms_deviation", "rms_step"),
)


@dataclass(frozen=True, eq=False)
class HandTrack:
    """One hand over T frames, as one model saw it."""

    times_s: Float64  # (T,) strictly rising
    joints_2d_px: Float64  # (T, 21, 2) in the frame
    joints_m: Float64  # (T, 21, 3) camera frame
    vertices_m: NDArray[np.float32] | None  # (T, 778, 3) camera frame; None: the model has no mesh

    def __post_init__(self) -> None:
        T = len(self.times_s)
        if self.joints_2d_px.shape != (T, 21, 2) or self.joints_m.shape != (T, 21, 3):
            raise ValueError(f"track: expected {T} frames of 21 joints, got {self.joints_m.shape}")
        if T > 1 and not (np.diff(self.times_s) > 0).all():
            raise ValueError("track: expected frames in the order of their times")

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(T,) the frames with a hand."""
        return np.asarray(np.isfinite(self.joints_m).all((1, 2)))


def second_differences(points: ArrayLike, times_s: ArrayLike | None = None) -> Float64:
    """(T - 2, ...) second difference over time of points (T, ...): unit per frame².

    With times_s (T,), unit per s², by the true times of the frames.
    """
    p = np.asarray(points, np.float64)
    if times_s is None:
        return np.asarray(p[2:] - 2 * p[1:-1] + p[:-2])
    steps = np.diff(np.asarray(times_s, np.float64)).reshape(-1, *[1] * (p.ndim - 1))
    speeds = np.diff(p, axis=0) / steps
    return np.asarray(2 * np.diff(speeds, axis=0) / (steps[1:] + steps[:-1]))


def third_differences(points: ArrayLike, times_s: ArrayLike) -> Float64:
    """(T - 3, ...) jerk of points (T, ...), unit per s³, by the true times (T,) of the frames."""
    times = np.asarray(times_s, np.float64)
    changes = second_differences(points, times)
    spans = (times[3:] - times[:-3]).reshape(-1, *[1] * (changes.ndim - 1))
    return np.asarray(3 * np.diff(changes, axis=0) / spans)  # divided differences: exact for a cubic


def static_sd(points: ArrayLike) -> Float64:
    """(..., D) standard deviation over time of each axis of points (T, ..., D), frames with NaN left out.

    What the studies of Leap Motion's sensor report of a still hand (Weichert et al., Sensors 2013; Guna et
    al., Sensors 2014).
    """
    p = _whole_frames(points)
    return np.asarray(p.std(0)) if len(p) else np.full(p.shape[1:], np.nan)


def rms_deviation(points: ArrayLike) -> Float64:
    """(...) root mean square distance of points (T, ..., D) from their own mean position."""
    return np.asarray(np.sqrt((static_sd(points) ** 2).sum(-1)))


def rms_sample_to_sample(points: ArrayLike) -> Float64:
    """(...) root mean square step of points (T, ..., D) between frames: eye trackers' precision."""
    steps = _whole_frames(np.diff(np.asarray(points, np.float64), axis=0))
    if not len(steps):
        return np.full(steps.shape[1:-1], np.nan)
    return np.asarray(np.sqrt((steps**2).sum(-1).mean(0)))


def _whole_frames(points: ArrayLike) -> Float64:
    p = np.asarray(points, np.float64)
    return p[np.isfinite(p).all(tuple(range(1, p.ndim)))]


def moving_mean(points: ArrayLike, window: int = WINDOW) -> Float64:
    """(T - window + 1, ...) means of every `window` frames in a row of points (T, ...)."""
    p = np.asarray(points, np.float64)
    total = np.zeros((max(len(p) - window + 1, 0), *p.shape[1:]))
    for shift in range(window):
        total += p[shift : shift + len(total)]
    return total / window


def high_pass(points: ArrayLike, window: int = WINDOW) -> Float64:
    """(T - window + 1, ...) points (T, ...) less the moving mean that is centred on them."""
    p = np.asarray(points, np.float64)
    mean = moving_mean(p, window)
    return np.asarray(p[window // 2 : window // 2 + len(mean)] - mean)


def figures(track: HandTrack) -> dict[str, float | list[float] | None]:
    """The jitter of a track; None where too few frames in a row have a hand, or there is no mesh.

    `joints_2d_px_*` in the picture; `joints_3d_mm_*` and `vertices_mm_*` as seen from the root (all 21
    joints, the root itself among them); `root_mm_*` of the wrist in the camera frame, [x, y, z];
    `vertices_camera_mm_*` with the root's own movement. Of each `*_per_frame2`, `*_per_s2`, `*_per_s3` and
    `*_highpass_rms`: lengths averaged over points and time, for the root per axis. `*_static_sd` (each axis),
    `*_rms_deviation` and `*_rms_step` are means over points, and count slow drift as well.
    """
    root = track.joints_m[:, :1]
    parts: dict[str, tuple[np.ndarray | None, float]] = {
        "joints_2d_px": (track.joints_2d_px, 1.0),
        "joints_3d_mm": (track.joints_m - root, 1e3),
        "root_mm": (root, 1e3),
        "vertices_mm": (None if track.vertices_m is None else track.vertices_m - root, 1e3),
        "vertices_camera_mm": (track.vertices_m, 1e3),
    }
    result: dict[str, float | list[float] | None] = {}
    for name, (points, factor) in parts.items():
        per_axis = name == "root_mm"
        measures: dict[str, Any] = dict.fromkeys(_MEASURES)
        if points is not None:
            scaled = factor * points.astype(np.float64)
            measures["per_frame2"] = _mean_length(second_differences(scaled), per_axis)
            measures["per_s2"] = _mean_length(second_differences(scaled, track.times_s), per_axis)
            measures["per_s3"] = _mean_length(third_differences(scaled, track.times_s), per_axis)
            measures["highpass_rms"] = _rms(high_pass(scaled), per_axis)
            measures["static_sd"] = _known(static_sd(scaled).mean(0))
            measures["rms_deviation"] = _known(rms_deviation(scaled).mean())
            measures["rms_step"] = _known(rms_sample_to_sample(scaled).mean())
        result |= {f"{name}_{measure}": value for measure, value in measures.items()}
    return result


def drift_over_size(track: HandTrack) -> tuple[float, float]:
    """How far the hand in the picture strayed slowly: pixels, and that over the hand's box.

    The joints' moving means stray from their own middle; the mean over the joints of the furthest each gets.
    0 where too few frames have a hand.
    """
    slow = moving_mean(track.joints_2d_px)
    slow = slow[np.isfinite(slow).all((1, 2))]
    if len(slow) == 0:
        return 0.0, 0.0
    middle = np.median(slow, axis=0)
    strayed = float(np.linalg.norm(slow - middle, axis=-1).max(0).mean())
    return strayed, strayed / max(float(np.ptp(middle, axis=0).max()), 1e-6)


def _known(values: Any) -> float | list[float] | None:
    found = np.asarray(values, np.float64)
    if not np.isfinite(found).all():
        return None
    return [round(float(v), 5) for v in found] if found.ndim else round(float(found), 5)


def _mean_length(changes: Float64, per_axis: bool) -> float | list[float] | None:
    known = changes[np.isfinite(changes).all(tuple(range(1, changes.ndim)))]
    if len(known) == 0:
        return None
    if per_axis:
        return [round(float(v), 5) for v in np.abs(known).mean((0, 1))]
    return round(float(np.linalg.norm(known, axis=-1).mean()), 5)


def _rms(rest: Float64, per_axis: bool) -> float | list[float] | None:
    known = rest[np.isfinite(rest).all(tuple(range(1, rest.ndim)))]
    if len(known) == 0:
        return None
    if per_axis:
        return [round(float(v), 5) for v in np.sqrt((known**2).mean((0, 1)))]
    return round(float(np.sqrt((known**2).sum(-1).mean())), 5)
