"""Each stage of a frame, and MediaPipe Hands on the same frames, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from app.bench.spread import Spread
from app.frame import Frame, Picture
from app.session import Settings
from app.session.drawing import Drawing, MakeCompositor, load_compositor
from app.session.finder import MakePipeline, load_pipeline, pipeline_config
from models.graphics import NoGraphics
from models.tracking.pipeline import PipelineResult
from models.turns import without_collecting

WARM_UP = 30
_INFERENCE = frozenset({"crop", "network", "fit", "root"})
"""The stages whose work MediaPipe does as well, once a hand is found."""


class Baseline(Protocol):
    """MediaPipe Hands, or a test's stand-in."""

    def __call__(self, frame: Frame) -> int: ...

    def close(self) -> None: ...


@dataclass
class Stages:
    """One value a frame, milliseconds."""

    stages: dict[str, list[float]] = field(default_factory=dict)  # the pipeline's; `draw` where it drew
    picture: list[float] = field(default_factory=list)  # from the frame to the finished picture
    inference: list[float] = field(default_factory=list)  # crop, network and fit or root recovery
    baseline: list[float] = field(default_factory=list)  # MediaPipe Hands, whole
    cpu: list[float] = field(default_factory=list)  # of all threads, frame to picture
    baseline_cpu: list[float] = field(default_factory=list)
    hands: list[int] = field(default_factory=list)  # found by us
    baseline_hands: list[int] = field(default_factory=list)

    @property
    def drawn_fraction(self) -> float:
        """Of the frames, 0..1, the fraction that was drawn on: a ring hides where its finger does."""
        return len(self.stages.get("draw", ())) / len(self.picture)

    @property
    def alike(self) -> list[bool]:
        """Of each frame, whether both find as many hands in it, and any."""
        return [ours == theirs > 0 for ours, theirs in zip(self.hands, self.baseline_hands, strict=True)]

    @property
    def over_baseline(self) -> float:
        """How many times as long as MediaPipe Hands our inference takes, median to median, of the frames that
        are `alike`; of all where none is."""
        alike = self.alike
        ours, theirs = (
            Spread.of([t for t, counts in zip(times, alike, strict=True) if counts or not any(alike)])
            for times in (self.inference, self.baseline)
        )
        return ours.median / max(theirs.median, 1e-9)


def time_stages(
    frames: Sequence[Frame],
    settings: Settings,
    make_baseline: Callable[[int], Baseline],
    make_pipeline: MakePipeline = load_pipeline,
    make_compositor: MakeCompositor = load_compositor,
) -> tuple[Stages, list[PipelineResult]]:
    """Times of every frame but the first WARM_UP, and what was found in each of all. Raises NoGraphics.

    While a hand is missing, frames come at their own rate: it is sought beside, and would be found too late.
    What that takes is in no frame's processor time.
    """
    times, results = Stages(), []
    drawing = Drawing(make_compositor, give_up)
    period_s = (frames[-1].time_s - frames[0].time_s) / max(len(frames) - 1, 1) if frames else 0.0
    with (
        closing(make_pipeline(pipeline_config(settings, live=True))) as pipeline,
        closing(make_baseline(settings.max_hands)) as baseline,
        without_collecting(),
    ):
        for index, frame in enumerate(frames):
            start_s, start_cpu = time.perf_counter(), time.process_time()
            camera = settings.camera(frame.image_rgb.shape[1], frame.image_rgb.shape[0])
            result = pipeline.process(frame.image_rgb, frame.time_s, camera)
            found_s = time.perf_counter()
            picture_rgb = drawing.draw(Picture.undrawn(frame, result), settings).image_rgb
            drawn_s, drawn_cpu = time.perf_counter(), time.process_time()
            theirs = baseline(frame)
            end_s, end_cpu = time.perf_counter(), time.process_time()
            results.append(result)
            if len(result.hands) < settings.max_hands:
                time.sleep(max(0.0, period_s - (end_s - start_s)))
            if index < WARM_UP:
                continue
            for name, value in result.stages_ms.items():
                times.stages.setdefault(name, []).append(value)
            if not np.array_equal(picture_rgb, frame.image_rgb):
                times.stages.setdefault("draw", []).append((drawn_s - found_s) * 1e3)
            times.picture.append((drawn_s - start_s) * 1e3)
            times.inference.append(sum(ms for name, ms in result.stages_ms.items() if name in _INFERENCE))
            times.baseline.append((end_s - drawn_s) * 1e3)
            times.cpu.append((drawn_cpu - start_cpu) * 1e3)
            times.baseline_cpu.append((end_cpu - drawn_cpu) * 1e3)
            times.hands.append(len(result.hands))
            times.baseline_hands.append(theirs)
    drawing.close()
    return times, results


def time_effects(
    frames: Sequence[Frame],
    results: Sequence[PipelineResult],
    names: Sequence[str],
    settings_for: Callable[[str], Settings],
    make_compositor: MakeCompositor = load_compositor,
) -> dict[str, list[float]]:
    """Milliseconds of drawing each effect on hands that are known, where it drew. Raises NoGraphics."""
    times: dict[str, list[float]] = {}
    for name in names:
        settings, drawing = settings_for(name), Drawing(make_compositor, give_up)
        with without_collecting():
            for index, (frame, result) in enumerate(zip(frames, results, strict=True)):
                start_s = time.perf_counter()
                picture_rgb = drawing.draw(Picture.undrawn(frame, result), settings).image_rgb
                end_s = time.perf_counter()
                if index >= WARM_UP and not np.array_equal(picture_rgb, frame.image_rgb):
                    times.setdefault(name, []).append((end_s - start_s) * 1e3)
        drawing.close()
    return times


def give_up(error: NoGraphics) -> None:
    """What a measurement does without OpenGL."""
    raise error
