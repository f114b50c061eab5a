"""The live path on a file: decode, inference, drawing and encoding overlap; no frame is left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from app.capture import ImageFile, VideoFile
from app.errors import UserError
from app.export import HandsWriter
from app.frame import Frame, Picture
from app.offline.picture import PICTURE_SUFFIXES, PictureWriter
from app.output import OutputError, prepare_output, refuse_source_as_output
from app.recorder import VideoWriter
from app.session import Settings
from app.session.drawing import Drawing, MakeCompositor, load_compositor
from app.session.finder import MakePipeline, load_pipeline, pipeline_config
from models.graphics import NoGraphics
from models.prefetch import Prefetch
from models.whole_file import draft_of


@dataclass(frozen=True)
class Progress:
    """How far it has come."""

    frames: int
    expected_frames: int  # 0 where the file does not say
    fps: float  # 0 until the second frame


@dataclass
class Report:
    """What `process` tells at the end."""

    frames: int = 0
    frames_with_hand: int = 0
    fps: float = 0.0  # from the first frame to the last, without loading
    stages_ms: dict[str, list[float]] = field(default_factory=dict)  # one value a frame
    notes: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        """The figures under the names that scripts rely on."""
        return {
            "frames": self.frames,
            "frames_with_hand": self.frames_with_hand,
            "fps": round(self.fps, 2),
            "stages_ms": {name: spread(values) for name, values in self.stages_ms.items()},
        }


def spread(values: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    median, p95 = np.percentile(values, (50, 95))
    return {"median": round(float(median), 3), "p95": round(float(p95), 3)}


def process_file(
    source: VideoFile | ImageFile,
    out: Path,
    settings: Settings,
    *,
    writers: Sequence[HandsWriter] = (),
    mirror: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    make_pipeline: MakePipeline = load_pipeline,
    make_compositor: MakeCompositor = load_compositor,
) -> Report:
    """Draw on every frame of `source` and write `out`; tell each of `writers` of every frame.

    out: a video, .mp4; of a source that is one picture also a picture of its size, .png or .jpg.
    Files appear when they are whole; until then the video is `NAME.partial.mp4` beside its place, which
    plays as far as it has come. Raises UserError.
    """
    still = source.n_frames == 1 and isinstance(source, ImageFile)
    prepare_output(out, ".mp4", *(sorted(PICTURE_SUFFIXES) if still else ()))
    refuse_source_as_output(source.path, out)
    partial = draft_of(out)
    report = Report()
    started_s: float | None = None
    writer: VideoWriter | PictureWriter | None = None
    try:
        with closing(draw_ahead(source, settings, make_pipeline, make_compositor)) as pictures:
            for picture in pictures:
                image_rgb = picture.image_rgb
                if mirror:
                    image_rgb = np.asarray(cv2.flip(image_rgb, 1), np.uint8)
                encode_s = time.perf_counter()
                if writer is None:
                    writer = _writer(partial, image_rgb)
                writer.write(image_rgb, picture.time_s, picture.frame.duration_s)
                _count(report, picture, (time.perf_counter() - encode_s) * 1e3)
                hands = picture.hands_as(report.frames - 1, picture.time_s)
                for exported in writers:
                    exported.add(hands)
                if started_s is None:
                    started_s = time.perf_counter()  # the models have been loaded by now
                elif (now_s := time.perf_counter()) > started_s:
                    report.fps = (report.frames - 1) / (now_s - started_s)
                on_progress(Progress(report.frames, source.n_frames, report.fps))
        if writer is None:
            raise UserError(f"{source.path} holds no picture that can be decoded; give another file")
        writer.close()
        writer = None
        for exported in writers:
            exported.save()
        try:
            partial.replace(out)  # last: where the video is, everything is
        except OSError as error:
            raise OutputError(f"{out} can't be written ({error.strerror}); give another place") from error
    except BaseException:  # it ended early: nothing half done is left behind
        for exported in writers:
            exported.discard()
        raise
    finally:
        if writer is not None:
            writer.close()
        partial.unlink(missing_ok=True)
    report.notes += getattr(source, "notes", [])
    return report


def _writer(path: Path, image_rgb: NDArray[np.uint8]) -> VideoWriter | PictureWriter:
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return PictureWriter(path)
    return VideoWriter(path, (image_rgb.shape[1], image_rgb.shape[0]), live=False)


class Source(Protocol):
    """What can be drawn ahead: a file, or a part of one."""

    def frames(self) -> Iterator[Frame]: ...


def draw_ahead(
    source: Source,
    settings: Settings,
    make_pipeline: MakePipeline,
    make_compositor: MakeCompositor,
) -> Generator[Picture]:
    """Every frame of a source, drawn; decoding, inference and drawing each on a thread of their own."""

    def give_up(error: NoGraphics) -> None:
        raise error

    def decoded() -> Generator[Frame]:
        yield from source.frames()

    def found() -> Generator[Picture]:
        pipeline = make_pipeline(pipeline_config(settings))
        try:
            with closing(Prefetch(decoded())) as frames:
                for frame in frames:
                    height, width = frame.image_rgb.shape[:2]
                    camera = settings.camera(width, height)
                    yield Picture.undrawn(frame, pipeline.process(frame.image_rgb, frame.time_s, camera))
        finally:
            pipeline.close()

    def drawn() -> Generator[Picture]:
        drawing = Drawing(make_compositor, give_up)
        try:
            with closing(Prefetch(found())) as results:
                for picture in results:
                    yield drawing.draw(picture, settings)
        finally:
            drawing.close()

    with closing(Prefetch(drawn())) as frames:
        yield from frames


def _count(report: Report, picture: Picture, encode_ms: float) -> None:
    report.frames += 1
    report.frames_with_hand += bool(picture.hands)
    for name, value in {**picture.found.stages_ms, "encode": encode_ms}.items():
        report.stages_ms.setdefault(name, []).append(value)
