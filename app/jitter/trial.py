"""Shows the same frames to every model, unfiltered, and filters what each of them saw."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.jitter.camera_motion import BackgroundWatch
from app.jitter.report import JitterReport, ModelReport
from models.evaluation.filter_lag import FilterLag, filter_lag
from models.evaluation.jitter import HandTrack
from models.tracking.pipeline import MODELS
from models.tracking.registration import recover_root
from models.tracking.smoothing import HandFilter, hand_filter_config
from models.types import N_VERTICES, Array, Camera, Handedness, HandMesh

MEDIAPIPE = "mediapipe"
NAMES = (*MODELS, MEDIAPIPE)
FEWEST_FRAMES = 13
"""Below this there is nothing to filter and nothing to average."""


class NoHandSeen(Exception):
    """No model saw a hand, or there were too few frames: a line that says so, and what to do."""


@dataclass(frozen=True)
class Seen:
    """What a model saw in one frame. Positions in the camera frame, metres."""

    joints_2d_px: Array  # (21, 2)
    joints_m: Array  # (21, 3)
    vertices_m: Array | None  # (778, 3)
    handedness: Handedness
    track_id: int


class Watcher(Protocol):
    """One model at work."""

    detector_runs: int | None  # how often the detector was asked; None where the model doesn't tell

    def see(self, frame_rgb: NDArray[np.uint8], camera: Camera, time_s: float) -> Seen | None:
        """The hand in the next frame (H, W, 3), RGB."""

    def close(self) -> None:
        """Free what is native."""


def make_watcher(name: str) -> Watcher:
    """A model of NAMES."""
    return MediaPipeWatcher() if name == MEDIAPIPE else PipelineWatcher(name)


class PipelineWatcher:
    """A model of the app's own pipeline, not smoothed."""

    def __init__(self, model: str) -> None:
        from models.tracking.pipeline import Pipeline, PipelineConfig

        self.detector_runs: int | None = 0
        self._pipeline = Pipeline(PipelineConfig(model, max_hands=1, smoothing=None))

    def see(self, frame_rgb: NDArray[np.uint8], camera: Camera, time_s: float) -> Seen | None:
        result = self._pipeline.process(frame_rgb, time_s, camera)
        self.detector_runs = (self.detector_runs or 0) + (result.stages_ms.get("detect", 0.0) > 0)
        if not result.hands:
            return None
        hand = result.hands[0]
        return Seen(hand.joints_2d_px, hand.joints_m, hand.vertices_m, hand.handedness, hand.track_id)

    def close(self) -> None:
        self._pipeline.close()


class MediaPipeWatcher:
    """MediaPipe's hand landmarker in its video mode, placed in the camera frame as our networks are."""

    detector_runs: int | None = None

    def __init__(self) -> None:
        from models.evaluation.predictors import make_predictor

        self._predictor = make_predictor(MEDIAPIPE)

    def see(self, frame_rgb: NDArray[np.uint8], camera: Camera, time_s: float) -> Seen | None:
        found = self._predictor.track(frame_rgb, camera, time_s)
        if found is None:
            return None
        relative = found.joints_m - found.joints_m[0]
        root = recover_root(relative, found.joints_2d_px, camera)
        if (relative[:, 2] + root[2]).min() <= 0:
            return None  # through the lens: no hand
        return Seen(found.joints_2d_px, (relative + root).astype(np.float32), None, "right", 0)

    def close(self) -> None:
        self._predictor.close()


class JitterTest:
    """Give it the frames of a still hand one by one, then ask for the report. Belongs to one thread."""

    def __init__(self, models: Sequence[str], smoothing: float = 0.5, make=make_watcher) -> None:
        """models: of NAMES. smoothing: the filter that is judged, 0 steady .. 1 responsive."""
        self._stack = ExitStack()
        self._watchers: dict[str, Watcher] = {}
        try:
            for name in models:
                self._watchers[name] = make(name)
                self._stack.callback(self._watchers[name].close)
        except BaseException:
            self._stack.close()
            raise
        self._smoothing = smoothing
        self._seen: dict[str, list[Seen | None]] = {name: [] for name in models}
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
        for name, watcher in self._watchers.items():
            seen = watcher.see(frame_rgb, camera, time_s)
            self._seen[name].append(seen)
            if joints_px is None and seen is not None:
                joints_px = seen.joints_2d_px
        self._background.add(frame_rgb, joints_px)

    @property
    def frames(self) -> int:
        """How many there have been."""
        return len(self._times_s)

    def report(self, source: str) -> JitterReport:
        """What the frames have shown. Raises NoHandSeen."""
        if self._camera is None or self.frames < FEWEST_FRAMES:
            raise NoHandSeen(
                f"{source}: {self.frames} frames are too few for a jitter test; give at least {FEWEST_FRAMES}"
            )
        if not any(seen for track in self._seen.values() for seen in track):
            raise NoHandSeen(f"{source}: no model saw a hand; show one open hand, held still")
        times_s = np.array(self._times_s) - self._times_s[0]
        fps = (len(times_s) - 1) / times_s[-1]
        lag = filter_lag(hand_filter_config(self._smoothing), float(fps))
        models = {
            name: _model(
                seen, times_s, self._watchers[name].detector_runs, self._smoothing, self._camera, lag
            )
            for name, seen in self._seen.items()
        }
        size_wh = (self._camera.width, self._camera.height)
        return JitterReport(source, size_wh, times_s, self._smoothing, self._background.motion(), models)

    def close(self) -> None:
        """Free the models."""
        self._stack.close()


def _model(
    seen: list[Seen | None],
    times_s: NDArray[np.float64],
    detector_runs: int | None,
    smoothing: float,
    camera: Camera,
    lag: FilterLag,
) -> ModelReport:
    there = [s is not None for s in seen]
    ids = [s.track_id if s is not None else None for s in seen]
    pairs = list(zip([None, *ids], ids, strict=False))
    return ModelReport(
        raw=_track(seen, times_s),
        filtered=_track(_filtered(seen, times_s, smoothing, camera), times_s),
        frames_with_hand=sum(there),
        losses=sum(now is None and before is not None for before, now in pairs),
        hand_offs=sum(now is not None and now != before for before, now in pairs),
        detector_runs=detector_runs,
        filter_lag=lag,
    )


def _filtered(
    seen: list[Seen | None], times_s: NDArray[np.float64], smoothing: float, camera: Camera
) -> list[Seen | None]:
    """What the app's filter makes of it."""
    steady = HandFilter(hand_filter_config(smoothing))
    result: list[Seen | None] = []
    for s, time_s in zip(seen, times_s, strict=True):
        if s is None:
            result.append(None)
            continue
        # Where there is no mesh, the joints stand in for it: the filter's speeds are means over all points.
        mesh = np.resize(s.joints_m, (N_VERTICES, 3)) if s.vertices_m is None else s.vertices_m
        hand = HandMesh(s.handedness, mesh, s.joints_m, s.joints_2d_px, 1.0, s.track_id, float(time_s))
        out = steady(hand, camera)
        vertices = None if s.vertices_m is None else out.vertices_m
        result.append(Seen(out.joints_2d_px, out.joints_m, vertices, s.handedness, s.track_id))
    return result


def _track(seen: list[Seen | None], times_s: NDArray[np.float64]) -> HandTrack:
    joints = np.full((len(seen), 21, 3), np.nan)
    pixels = np.full((len(seen), 21, 2), np.nan)
    mesh = any(s is not None and s.vertices_m is not None for s in seen)
    vertices = np.full((len(seen), N_VERTICES, 3), np.nan, np.float32) if mesh else None
    for k, s in enumerate(seen):
        if s is not None:
            joints[k], pixels[k] = s.joints_m, s.joints_2d_px
            if vertices is not None and s.vertices_m is not None:
                vertices[k] = s.vertices_m
    return HandTrack(times_s, pixels, joints, vertices)
