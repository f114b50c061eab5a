"""The hand pipeline that fits the current settings, loaded while pictures keep flowing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.frame import Frame
from app.memory import settle
from app.session.settings import Settings
from app.session.status import Status
from models.tracking.pipeline import PipelineConfig, PipelineResult
from models.types import Camera, Handedness

_log = logging.getLogger(__name__)


class HandPipeline(Protocol):
    """What the session needs of `models.tracking.pipeline.Pipeline`."""

    def process(
        self, frame_rgb: NDArray[np.uint8], time_s: float, camera: Camera | None = None
    ) -> PipelineResult: ...

    def retune(self, smoothing: float | None, handedness_lock: Handedness | None) -> None: ...

    def reset(self) -> None: ...

    def close(self) -> None: ...


MakePipeline = Callable[[PipelineConfig], HandPipeline]


def load_pipeline(config: PipelineConfig) -> HandPipeline:
    """The real pipeline, ready to run at full speed. Takes seconds: call it where they can be waited for."""
    from models.tracking.pipeline import Pipeline

    pipeline = Pipeline(config)
    pipeline.process(np.zeros((480, 640, 3), np.uint8), 0.0)  # loads what is loaded at first use
    pipeline.reset()
    return pipeline


def pipeline_config(settings: Settings, live: bool = False) -> PipelineConfig:
    """What of the settings concerns the pipeline. live: what keeps pictures in time goes before sameness."""
    return PipelineConfig(
        settings.model,
        settings.max_hands,
        smoothing=settings.smoothing,
        handedness_lock=settings.handedness_lock,
        profile=settings.profile,
        saver=settings.saver,
        reflections=settings.reflections,
        search_beside=live,
    )


def same_models(one: Settings, other: Settings) -> bool:
    """Whether a pipeline loaded for one of them serves the other: the rest can be set while it runs."""
    a, b = ((s.model, s.max_hands, s.profile, s.saver, s.reflections) for s in (one, other))
    return a == b


class HandFinder:
    """Finds hands with whatever the settings ask for. Belongs to the inference thread."""

    def __init__(
        self,
        make_pipeline: MakePipeline,
        report: Callable[[Status], None],
        fell_back: Callable[[Settings, Settings], None] = lambda failed, running: None,
    ) -> None:
        """fell_back: told of settings whose models can't be loaded, and of those whose models go on."""
        self._make = make_pipeline
        self._report = report
        self._fell_back = fell_back
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._loading: Future[HandPipeline] | None = None
        self._wanted: Settings | None = None  # of the newest load
        self._failed: Settings | None = None  # of the newest load, where it failed
        self._running: Settings | None = None  # with which the pipeline in use was loaded
        self._current: PipelineConfig | None = None  # of the pipeline in use
        self._pipeline: HandPipeline | None = None
        self._failing = False  # on the last frame
        self._mismatch = False  # between the calibration's aspect ratio and the last frame's

    def find(self, frame: Frame, settings: Settings) -> PipelineResult:
        """The hands of a frame; none while the first pipeline loads, or where it failed to."""
        height, width = frame.image_rgb.shape[:2]
        camera = settings.camera(width, height)
        self._check_calibration(settings, width, height)
        config = pipeline_config(settings, live=True)
        self._collect()
        self._load(settings)
        if self._pipeline is None or self._current is None:
            return PipelineResult((), camera, {})
        try:
            if (config.smoothing, config.handedness_lock) != (
                self._current.smoothing,
                self._current.handedness_lock,
            ):
                self._pipeline.retune(config.smoothing, config.handedness_lock)
                self._current = replace(
                    self._current, smoothing=config.smoothing, handedness_lock=config.handedness_lock
                )
            result = self._pipeline.process(frame.image_rgb, frame.time_s, camera)
        except Exception as error:  # a fault in one frame must not end the session
            if not self._failing:
                _log.exception("inference failed")
                line = f"The hand model failed on a frame ({error}); it goes on"
                self._report(Status("model", "error", line))
            self._failing = True
            self._pipeline.reset()
            return PipelineResult((), camera, {})
        if self._failing:
            self._failing = False
            self._report(Status("model", "info", ""))
        return result

    def reset(self) -> None:
        """Forget the hands of the last source."""
        if self._pipeline is not None:
            self._pipeline.reset()

    def close(self) -> None:
        """Release the pipeline; waits for one that is being loaded."""
        if self._loading is not None:
            wait([self._loading])
        self._collect()
        self._loader.shutdown(wait=True)
        if self._pipeline is not None:
            self._pipeline.close()

    def _check_calibration(self, settings: Settings, width: int, height: int) -> None:
        """Say that a calibration is for pictures of another shape, or withdraw that."""
        if settings.aspect_mismatch(width, height) == self._mismatch:
            return
        self._mismatch = not self._mismatch
        line = ""
        if self._mismatch and settings.calibration is not None:
            calibrated = settings.calibration.camera
            line = (
                f"The camera was calibrated at {calibrated.width}×{calibrated.height}; pictures of "
                f"{width}×{height} have another shape: the field of view is used. Choose a size of that "
                "shape, or calibrate again"
            )
        self._report(Status("calibration", "warning", line))

    def _load(self, settings: Settings) -> None:
        """Begin to load other models where the settings ask for them; pictures go on meanwhile.

        Models that could not be loaded are tried again when they are chosen again: where others go on, once
        these have been set in between; where there are none, at any change of the settings.
        """
        if self._loading is not None:
            return
        if self._failed is not None:
            if settings is self._failed or (self._running and same_models(settings, self._failed)):
                return
            self._failed = None
            self._wanted = self._running
        if self._wanted is not None and same_models(settings, self._wanted):
            return
        self._wanted = settings
        self._report(Status("model", "info", f"Loading the hand model “{settings.model}” …"))
        self._loading = self._loader.submit(self._make, pipeline_config(settings, live=True))

    def _collect(self) -> None:
        if self._loading is None or not self._loading.done() or self._wanted is None:
            return
        loading, self._loading = self._loading, None
        failure = loading.exception()
        if failure is not None:
            self._failed = self._wanted
            line = f"The hand model “{self._failed.model}” can't be loaded: {failure}"
            if self._running is not None and self._running.model != self._failed.model:
                line += f"; “{self._running.model}” goes on"
            self._report(Status("model", "error", line))
            if self._running is not None:
                self._fell_back(self._failed, self._running)
            return
        if self._pipeline is not None:
            self._pipeline.close()
        self._loader.submit(settle)
        self._pipeline, self._running = loading.result(), self._wanted
        self._current = pipeline_config(self._running, live=True)
        self._report(Status("model", "info", ""))
