"""Print what recording costs: throughput with and without a recording of 30 pictures a second.

    python -m tools.measure_recording [--rounds 6] [--seconds 4] [--cores 2]

Finding and drawing hands run as fast as they go, on two threads, as in the window; the recorder is given the
newest picture 30 times a second. Spans with and without it take turns in one run, so that a busy moment
hits them all; a span is compared with those before and after it. Beside it the processor time of the
recorder's thread, which other programs change little, as a share of what the cores have in that time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np

from app.capture import DEMO, open_file, source_path
from app.frame import Frame, Picture
from app.recorder import Recorder, RecordingOptions, RecordingState
from app.session import Settings
from app.session.drawing import Drawing, load_compositor
from app.session.finder import load_pipeline, pipeline_config
from models.graphics import NoGraphics
from models.prefetch import Prefetch
from tools.command import command

RATE = 30.0
KINDS = {
    "picture": RecordingOptions(),
    "picture, clean plate, hands": RecordingOptions(clean=True, hands=True),
}
_WARM_UP_S = 2.0


@dataclass(frozen=True)
class Span:
    """What one span of time came to."""

    pictures: int
    seconds: float
    recorded: int
    recorder_s: float  # processor time of the recorder's thread

    @property
    def fps(self) -> float:
        """Pictures a second."""
        return self.pictures / self.seconds


def endless(settings: Settings) -> Generator[Picture]:
    """The demo's frames and their hands, again and again, as fast as they are taken."""
    file = open_file(source_path(DEMO))
    frames = list(file.frames())
    length_s = file.duration_s
    with closing(load_pipeline(pipeline_config(settings))) as pipeline:
        for turn in count():
            for frame in frames:
                time_s = frame.time_s + turn * length_s
                again = Frame(frame.image_rgb, time_s, turn * len(frames) + frame.index)
                yield Picture.undrawn(again, pipeline.process(frame.image_rgb, time_s))


class Bench:
    """Draws what is found, and measures spans of it."""

    def __init__(self, found: Iterator[Picture], settings: Settings) -> None:
        self._found, self._settings = found, settings
        self._drawing = Drawing(load_compositor, _give_up)

    def span(self, seconds: float, recorder: Recorder | None = None) -> Span:
        """Draw for so long, and record if there is a recorder."""
        pictures = recorded = 0
        start_s = next_s = time.perf_counter()
        while (now_s := time.perf_counter()) - start_s < seconds:
            picture = self._drawing.draw(next(self._found), self._settings)
            pictures += 1
            if recorder is not None and now_s >= next_s:
                next_s = max(next_s + 1 / RATE, now_s - 1 / RATE)
                recorder.add(replace(picture, frame=replace(picture.frame, time_s=now_s - start_s)))
                recorded += 1
        return Span(pictures, time.perf_counter() - start_s, recorded, _recorder_s())

    def recorded_span(self, seconds: float, path: Path, options: RecordingOptions) -> tuple[Span, int]:
        """The same with a recording beside it, and how many pictures the recording left out."""
        states: list[RecordingState] = []
        recorder = Recorder(path, states.append, options)
        try:
            span = self.span(seconds, recorder)
        finally:
            recorder.finish()
            recorder.join()
        if states[-1].error:
            raise RuntimeError(states[-1].error)
        return span, states[-1].dropped

    def close(self) -> None:
        """Free the graphics."""
        self._drawing.close()


def _recorder_s() -> float:
    """Processor time of the recorder's thread so far; 0 where there is none."""
    threads = [thread for thread in threading.enumerate() if thread.name == "recorder"]
    idents = [thread.ident for thread in threads if thread.ident is not None]
    return sum(time.clock_gettime(time.pthread_getcpuclockid(ident)) for ident in idents)


def measure(rounds: int, seconds: float, cores: int) -> None:
    """Measure and print."""
    settings = Settings()
    costs: dict[str, list[float]] = {kind: [] for kind in KINDS}
    busy_s, plain_fps = dict.fromkeys(KINDS, 0.0), []
    dropped, recorded = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Prefetch(endless(settings))) as found,
        closing(Bench(found, settings)) as bench,
    ):
        bench.span(_WARM_UP_S)
        before = bench.span(seconds)
        for _ in range(rounds):
            for kind, options in KINDS.items():
                during, lost = bench.recorded_span(seconds, Path(folder) / "recording.mp4", options)
                after = bench.span(seconds)
                fps = (before.fps + after.fps) / 2
                costs[kind].append(1 - during.fps / fps)
                busy_s[kind] += during.recorder_s
                plain_fps.append(after.fps)
                recorded[kind] += during.recorded
                dropped[kind] += lost
                before = after
    print(f"without a recording: {np.median(plain_fps):.1f} frames/s (median of {len(plain_fps)} spans)")
    for kind in KINDS:
        low, middle, high = np.percentile(costs[kind], [25, 50, 75])
        frame_s = busy_s[kind] / recorded[kind]
        print(
            f"recording {kind} at {recorded[kind] / (rounds * seconds):.1f} frames/s costs "
            f"{100 * middle:.1f} % of throughput (quartiles {100 * low:.1f}, {100 * high:.1f}); "
            f"{1e3 * frame_s:.1f} ms of processor time a picture, at {RATE:.0f} frames/s "
            f"{100 * RATE * frame_s / cores:.1f} % of {cores} cores; "
            f"left out: {dropped[kind]} of {recorded[kind]}"
        )


def _give_up(error: NoGraphics) -> None:
    raise error


@command
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6, help="spans with each kind of recording")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a span")
    parser.add_argument("--cores", type=int, default=2, help="how many cores it may use")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    measure(arguments.rounds, arguments.seconds, arguments.cores)


if __name__ == "__main__":
    raise SystemExit(main())
