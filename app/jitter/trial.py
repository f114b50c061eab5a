"""Shows the same frames to every model, unfiltered, and filters what each of them found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.jitter.camera_motion import BackgroundWatch
from app.jitter.report import JitterReport, ModelReport
from models.datasets.samples import Prediction
from models.evaluation.filter_lag import FilterLag, filter_lag
from models.evaluation.jitter import HandTrack
from models.evaluation.predictors import Predictor, make_predictor
from models.tracking.registration import recover_root
from models.tracking.smoothing import HandFilter, hand_filter_config
from models.types import N_VERTICES, Camera, HandMesh

FEWEST_FRAMES = 13
"""Below this there is nothing to filter and nothing to average."""


class NoHandFound(Exception):
    """No model found a hand, or there were too few frames: a line that says so, and what to do."""


class JitterTest:
    """Give it the frames of a still hand one by one, then ask for the report. Belongs to one thread."""

    def __init__(
        self, models: Sequence[str], smoothing: float = 0.5, make: Callable[[str], Predictor] = make_predictor
    ) -> None:
        """models: of `predictors.NAMES`. smoothing: of the filter to judge, 0 steady .. 1 responsive."""
        self._stack = ExitStack()
        self._predictors: dict[str, Predictor] = {}
        try:
            for name in models:
                self._predictors[name] = make(name)
                self._stack.callback(self._predictors[name].close)
        except BaseException:
            self._stack.close()
            raise
        self._smoothing = smoothing
        self._found: dict[str, list[Prediction | None]] = {name: [] for name in models}
        self._times_s: list[float] = []
        self._background = BackgroundWatch()
        self._camera: Camera | None = None

    def add(self, frame_rgb: NDArray[np.uint8], time_s: float, camera: Camera) -> None:
        """The next frame (H, W, 3), RGB, captured at time_s; one that is not later is left out."""
        if self._times_s and time_s <= self._times_s[-1]:
            return
        self._camera = camera
        self._times_s.append(time_s)
        joints_px = None
        for name, predictor in self._predictors.items():
            found = _placed(predictor.track(frame_rgb, camera, time_s), camera)
            self._found[name].append(found)
            if joints_px is None and found is not None:
                joints_px = found.joints_2d_px
        self._background.add(frame_rgb, joints_px)

    @property
    def frames(self) -> int:
        """How many there have been."""
        return len(self._times_s)

    def report(self, source: str) -> JitterReport:
        """What the frames have shown. Raises NoHandFound."""
        if self._camera is None or self.frames < FEWEST_FRAMES:
            raise NoHandFound(
                f"{source}: {self.frames} frames are too few for a jitter test; give at least {FEWEST_FRAMES}"
            )
        if not any(found for track in self._found.values() for found in track):
            raise NoHandFound(f"{source}: no model found a hand; show one open hand, held still")
        times_s = np.array(self._times_s) - self._times_s[0]
        fps = (len(times_s) - 1) / times_s[-1]
        lag = filter_lag(hand_filter_config(self._smoothing), float(fps))
        models = {
            name: _model(
                found, times_s, self._predictors[name].detector_runs, self._smoothing, self._camera, lag
            )
            for name, found in self._found.items()
        }
        size_wh = (self._camera.width, self._camera.height)
        return JitterReport(source, size_wh, times_s, self._smoothing, self._background.motion(), models)

    def close(self) -> None:
        """Free the models."""
        self._stack.close()


def _placed(found: Prediction | None, camera: Camera) -> Prediction | None:
    """The hand in the camera frame, metres: where the model doesn't place it, as our networks' are placed."""
    if found is None or found.placed:
        return found
    relative = found.joints_m - found.joints_m[0]
    root = recover_root(relative, found.joints_2d_px, camera)
    if (relative[:, 2] + root[2]).min() <= 0:
        return None  # through the lens: no hand
    return replace(found, joints_m=(relative + root).astype(np.float32), placed=True)


def _model(
    found: list[Prediction | None],
    times_s: NDArray[np.float64],
    detector_runs: int | None,
    smoothing: float,
    camera: Camera,
    lag: FilterLag,
) -> ModelReport:
    there = [s is not None for s in found]
    ids = [s.track_id if s is not None else None for s in found]
    pairs = list(zip([None, *ids], ids, strict=False))
    return ModelReport(
        raw=_track(found, times_s),
        filtered=_track(_filtered(found, times_s, smoothing, camera), times_s),
        frames_with_hand=sum(there),
        losses=sum(now is None and previous is not None for previous, now in pairs),
        hand_offs=sum(now is not None and now != previous for previous, now in pairs),
        detector_runs=detector_runs,
        filter_lag=lag,
    )


def _filtered(
    found: list[Prediction | None], times_s: NDArray[np.float64], smoothing: float, camera: Camera
) -> list[Prediction | None]:
    """What the app's filter makes of it."""
    steady = HandFilter(hand_filter_config(smoothing))
    result: list[Prediction | None] = []
    for s, time_s in zip(found, times_s, strict=True):
        if s is None:
            result.append(None)
            continue
        # Where there is no mesh, the joints stand in for it: the filter's speeds are means over all points.
        mesh = np.resize(s.joints_m, (N_VERTICES, 3)) if s.vertices_m is None else s.vertices_m
        hand = HandMesh(s.handedness, mesh, s.joints_m, s.joints_2d_px, 1.0, s.track_id, float(time_s))
        out = steady(hand, camera)
        vertices = None if s.vertices_m is None else out.vertices_m
        result.append(replace(s, joints_2d_px=out.joints_2d_px, joints_m=out.joints_m, vertices_m=vertices))
    return result


def _track(found: list[Prediction | None], times_s: NDArray[np.float64]) -> HandTrack:
    joints = np.full((len(found), 21, 3), np.nan)
    pixels = np.full((len(found), 21, 2), np.nan)
    mesh = any(s is not None and s.vertices_m is not None for s in found)
    vertices = np.full((len(found), N_VERTICES, 3), np.nan, np.float32) if mesh else None
    for k, s in enumerate(found):
        if s is not None:
            joints[k], pixels[k] = s.joints_m, s.joints_2d_px
            if vertices is not None and s.vertices_m is not None:
                vertices[k] = s.vertices_m
    return HandTrack(times_s, pixels, joints, vertices)
