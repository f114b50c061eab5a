"""A clip from end to end: as fast as it goes, and as it is watched, at its own rate."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from app.bench.clips import repeated
from app.bench.spread import Spread
from app.capture import ImageFile, VideoFile
from app.errors import UserError
from app.frame import Frame
from app.offline.video import draw_ahead
from app.recorder import Recorder
from app.session import Listener, Picture, Session, Settings, Status
from app.session.drawing import MakeCompositor, load_compositor
from app.session.finder import MakePipeline, load_pipeline
from app.session.usage import UsageMeter

_PATIENCE_S = 120.0  # for a model to be loaded; its first use may export it
_SETTLING_S = 2.0  # graphics begin
_RECORDED_FPS = 30
_SKIPPED = 15  # frames before the clock runs


@dataclass(frozen=True)
class Played:
    """A clip at its own rate, in a session as the window has one."""

    fps: float  # pictures a second
    latency_ms: Spread  # capture → where it is handed on to be shown
    dropped: int  # frames that gave way to newer ones
    shown: int
    cores: float  # busy, on average
    memory_mb: float


@dataclass(frozen=True)
class AtSize:
    """A clip from end to end at one size."""

    fps: Spread  # frames/s, as fast as it goes
    fps_recording: Spread  # .. while 30 frames/s are recorded
    played: Played  # at its own rate
    parts_ms: Mapping[
        str, Spread
    ]  # processor time a frame of what grows with it, beside inference and drawing


@dataclass(frozen=True)
class _Part:
    """The first frames of a clip."""

    file: VideoFile | ImageFile
    count: int

    def frames(self) -> Iterator[Frame]:
        return repeated(self.file, self.count)


def throughput(
    file: VideoFile | ImageFile,
    frames: int,
    settings: Settings,
    recording: bool = False,
    make_pipeline: MakePipeline = load_pipeline,
    make_compositor: MakeCompositor = load_compositor,
) -> float:
    """Frames a second of the first `frames`, nothing left out: decoding, inference and drawing overlap.

    recording: meanwhile thirty pictures a second are recorded, as the window records them.
    """
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "a.mp4", lambda state: None) if recording else None
        done, start_s, recorded_s = 0, 0.0, 0.0
        drawn = draw_ahead(_Part(file, frames), settings, make_pipeline, make_compositor)
        with closing(drawn) as pictures:
            for index, picture in enumerate(pictures):
                now_s = time.perf_counter()
                start_s = now_s if index <= _SKIPPED else start_s
                done = index - _SKIPPED
                if recorder is not None and now_s - recorded_s >= 1 / _RECORDED_FPS:
                    recorded_s = now_s
                    frame = replace(picture.frame, time_s=time.monotonic())
                    recorder.add(replace(picture, frame=frame))
        fps = done / max(time.perf_counter() - start_s, 1e-9) if done > 0 else 0.0
        if recorder is not None:
            recorder.finish()
            recorder.join()
    return fps


def play(
    source: str,
    settings: Settings,
    seconds: float,
    settling_s: float = _SETTLING_S,
    make_session: Callable[[Settings, Listener], Session] = Session,
) -> Played:
    """Play a source in real time for so long, once its model is loaded and has settled. Raises UserError."""
    ready, counting = threading.Event(), threading.Event()
    latency_ms: list[float] = []

    def take(picture: Picture) -> None:
        if counting.is_set():
            latency_ms.append((time.monotonic() - picture.time_s) * 1e3)

    def hear(status: Status) -> None:
        if status.level == "error":
            faults.append(status.text)
        if faults or (status.topic == "model" and not status.text):
            ready.set()

    faults: list[str] = []
    listener = Listener(take, hear, lambda state: None, lambda source: None)
    with closing(make_session(settings, listener)) as session:
        session.open(source)
        ready.wait(_PATIENCE_S)
        time.sleep(settling_s)
        dropped = session.statistics.read().dropped
        usage = UsageMeter()
        counting.set()
        start_s = time.monotonic()
        time.sleep(seconds)
        counting.clear()
        length_s, used = time.monotonic() - start_s, usage.read()
        dropped = session.statistics.read().dropped - dropped
    if faults or not latency_ms:
        raise UserError(faults[0] if faults else f"{source} gave no picture in {seconds:.0f} s")
    return Played(
        len(latency_ms) / length_s,
        Spread.of(latency_ms),
        dropped,
        len(latency_ms),
        used.cores,
        used.memory_mb,
    )
