"""The report of a jitter test: warnings, text, JSON, CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.jitter.camera_motion import CameraMotion
from models.evaluation.filter_lag import FilterLag
from models.evaluation.jitter import HandTrack, drift_over_size, figures, second_differences

CAMERA_DRIFT_PX = 1.0  # of a picture 640 wide; a tripod's own is a few hundredths
CAMERA_JITTER_PX = 0.25
HAND_DRIFT = 0.03  # over the hand's box: half a finger's width
OFTEN_MISSED = 0.02  # of the frames

_KINDS = {  # of jitter: title, the ending of its figure, digits; {} is the unit
    "{}/frame²": ("per_frame2", 3),
    "{}/s²": ("per_s2", 0),
    "{}/s³": ("per_s3", 0),
    "11-frame high-pass RMS, {}": ("highpass_rms", 3),
    "standard deviation, {}": ("static_sd", 3),
    "RMS deviation, {}": ("rms_deviation", 3),
}
_POINTS = (  # title, the beginning of their figures, which axis
    ("joints in the picture", "joints_2d_px", None),
    ("joints from the root", "joints_3d_mm", None),
    ("root x", "root_mm", 0),
    ("root y", "root_mm", 1),
    ("root z (depth)", "root_mm", 2),
    ("vertices from the root", "vertices_mm", None),
)
_ROWS = tuple(  # title, the figure, which of its axes, digits
    (f"{title}, {kind}" if measure == "per_frame2" else f"— {kind}", f"{name}_{measure}", axis, digits)
    for title, name, axis in _POINTS
    for kind, (measure, digits) in ((k.format(name[-2:]), v) for k, v in _KINDS.items())
    if measure not in ("static_sd", "rms_deviation") or (measure == "static_sd") == (axis is not None)
)


@dataclass(frozen=True, eq=False)
class ModelReport:
    """What one model made of the frames."""

    raw: HandTrack
    filtered: HandTrack
    frames_with_hand: int
    losses: int  # how often a hand was there and in the next frame was not
    hand_offs: int  # how often the detector handed a hand to the tracker, the first time among them
    detector_runs: int | None  # frames in which the detector was asked; None: the model doesn't tell
    filter_lag: FilterLag

    @cached_property
    def figures(self) -> dict[str, dict[str, Any]]:
        """`models.evaluation.jitter.figures` of both tracks."""
        return {"raw": figures(self.raw), "filtered": figures(self.filtered)}


@dataclass(frozen=True, eq=False)
class JitterReport:
    """One jitter test."""

    source: str
    size_wh: tuple[int, int]
    times_s: NDArray[np.float64]  # (T,) from 0
    smoothing: float  # of the filtered tracks: 0 steady … 1 responsive
    camera: CameraMotion
    models: Mapping[str, ModelReport]

    @property
    def fps(self) -> float:
        """Frames per second, on average."""
        return (len(self.times_s) - 1) / float(self.times_s[-1])

    @cached_property
    def warnings(self) -> list[str]:
        """Why the figures may not be those of a still hand before a still camera, one line each."""
        lines = []
        scale = max(1.0, self.size_wh[0] / 640)
        camera = self.camera
        if not camera.known:
            lines.append("The background shows too little to tell whether the camera stood still")
        elif camera.drift_px > CAMERA_DRIFT_PX * scale or camera.jitter_px > CAMERA_JITTER_PX * scale:
            lines.append(
                f"The camera moved: the background drifted by {camera.drift_px:.1f} px and jittered by "
                f"{camera.jitter_px:.2f} px; fix it and repeat"
            )
        strays = [drift_over_size(m.raw) for m in self.models.values() if m.frames_with_hand]
        drift_px, drift = min(strays, key=lambda stray: stray[1], default=(0.0, 0.0))
        if drift > HAND_DRIFT:
            lines.append(
                f"The hand moved: by {drift_px:.0f} px, {100 * drift:.0f} % of its size; rest it and repeat"
            )
        for name, model in self.models.items():
            missed = len(self.times_s) - model.frames_with_hand
            if missed > OFTEN_MISSED * len(self.times_s):
                lines.append(f"{name} found no hand in {missed} of {len(self.times_s)} frames")
        return lines

    def summary(self) -> dict[str, Any]:
        """All figures under the names that scripts rely on."""
        return {
            "source": self.source,
            "frames": len(self.times_s),
            "frame_size": list(self.size_wh),
            "seconds": round(float(self.times_s[-1]), 3),
            "fps": round(self.fps, 3),
            "smoothing": self.smoothing,
            "warnings": self.warnings,
            "camera": {
                "corners": self.camera.corners,
                "drift_px": round(self.camera.drift_px, 3),
                "shake_px": round(self.camera.jitter_px, 3),
            },
            "models": {name: _summary(model) for name, model in self.models.items()},
        }


def _summary(model: ModelReport) -> dict[str, Any]:
    drift_px, drift = drift_over_size(model.raw)
    return {
        "frames_with_hand": model.frames_with_hand,
        "losses": model.losses,
        "hand_offs": model.hand_offs,
        "detector_runs": model.detector_runs,
        "hand_drift_px": round(drift_px, 3),
        "hand_drift_over_size": round(drift, 4),
        "filter_lag": model.filter_lag.rounded(),
        **model.figures,
    }


def report_text(report: JitterReport) -> str:
    """A table, raw and filtered side by side for every model, and the warnings."""
    names = list(report.models)
    title = max(len(row[0]) for row in _ROWS) + 2
    length = f"{len(report.times_s)} frames, {report.times_s[-1]:.1f} s, {report.fps:.1f} frames/s"
    lines = [f"{report.source}: {length}", "", " " * title + "".join(f"{name:>24}" for name in names)]
    lines.append(" " * title + "".join(f"{'raw':>12}{'filtered':>12}" for _ in names))
    for row, key, axis, digits in _ROWS:
        cells = [
            cell_text(report.models[name].figures[kind][key], axis, digits)
            for name in names
            for kind in ("raw", "filtered")
        ]
        lines.append(f"{row:<{title}}" + "".join(f"{cell:>12}" for cell in cells))
    counts = {
        "frames with a hand": [m.frames_with_hand for m in report.models.values()],
        "losses": [m.losses for m in report.models.values()],
        "detector hand-offs": [m.hand_offs for m in report.models.values()],
    }
    for row, values in counts.items():
        lines.append(f"{row:<{title}}" + "".join(f"{value:>24}" for value in values))
    lag = next(iter(report.models.values())).filter_lag
    lines += [
        "",
        f"The filter (smoothing {report.smoothing:g}) delays a moving hand by {lag.joints_2d_ms:.0f} ms in "
        f"the picture, {lag.articulation_ms:.0f} ms in articulation, {lag.depth_ms:.0f} ms in depth.",
        *(f"Warning: {line}." for line in report.warnings),
    ]
    return "\n".join(lines) + "\n"


def cell_text(value: float | list[float] | None, axis: int | None, digits: int) -> str:
    """A figure as a table shows it; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value[axis] if isinstance(value, list) and axis is not None else value:.{digits}f}"


def write_csv(report: JitterReport, path: Path) -> None:
    """A row for every frame of every model, raw and filtered; empty where there was no hand.

    Accelerations stand in the row of the middle one of their three frames. Raises OSError.
    """
    columns = "root_x_mm root_y_mm root_z_mm joints_2d_px_per_frame2 joints_3d_mm_per_frame2"
    columns += " root_x_mm_per_frame2 root_y_mm_per_frame2 root_z_mm_per_frame2 vertices_mm_per_frame2"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["frame", "time_s", "model", "kind", *columns.split()])
        for name, model in report.models.items():
            for kind, track in (("raw", model.raw), ("filtered", model.filtered)):
                for k, row in enumerate(frame_figures(track)):
                    cells = ["" if np.isnan(v) else f"{v:.4f}" for v in row]
                    writer.writerow([k, f"{track.times_s[k]:.6f}", name, kind, *cells])


def frame_figures(track: HandTrack) -> NDArray[np.float64]:
    """(T, 9): the columns of the CSV; NaN where there is none."""
    root_mm = 1e3 * track.joints_m[:, 0]
    relative_mm = 1e3 * (track.joints_m - track.joints_m[:, :1])

    def lengths(points: np.ndarray) -> NDArray[np.float64]:
        return np.asarray(np.linalg.norm(second_differences(points), axis=-1).mean(-1))

    table = np.full((len(root_mm), 9), np.nan)
    table[:, :3] = root_mm
    if len(table) > 2:
        table[1:-1, 3] = lengths(track.joints_2d_px)
        table[1:-1, 4] = lengths(relative_mm)
        table[1:-1, 5:8] = np.abs(second_differences(root_mm))
        if track.vertices_m is not None:
            table[1:-1, 8] = lengths(1e3 * (track.vertices_m - track.joints_m[:, :1]))
    return table
