"""A progress bar on stderr; a few plain lines where stderr is no terminal."""

from __future__ import annotations

import sys
import time

from app.offline.video import Progress

_WIDTH = 30
_PERIOD_S = 0.1


class ProgressBar:
    """Call it with every Progress; `end` leaves the line."""

    def __init__(self) -> None:
        self._shown_s = 0.0
        self._tenth = 0
        self._terminal = sys.stderr.isatty()

    def __call__(self, progress: Progress) -> None:
        total = max(progress.expected_frames, progress.frames)
        if not self._terminal:
            tenth = 10 * progress.frames // total
            if tenth > self._tenth and progress.expected_frames > 1:
                self._tenth = tenth
                print(f"{10 * tenth:3d} %   {progress.fps:.1f} frames/s", file=sys.stderr, flush=True)
            return
        now_s = time.monotonic()
        if now_s - self._shown_s < _PERIOD_S and progress.frames < total:
            return
        self._shown_s = now_s
        done = round(_WIDTH * progress.frames / total)
        bar = "█" * done + "░" * (_WIDTH - done)
        print(
            f"\r{bar}  {progress.frames}/{total} frames  {progress.fps:.1f} frames/s ",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def end(self) -> None:
        """Leave the bar's line."""
        if self._terminal and self._shown_s:
            print(file=sys.stderr)


class SampleBar:
    """The same for so many samples: call it with how many are done."""

    def __init__(self, count: int) -> None:
        self._bar, self._count, self._started_s = ProgressBar(), count, time.perf_counter()
        self.end = self._bar.end

    def __call__(self, done: int) -> None:
        self._bar(Progress(done, self._count, done / max(time.perf_counter() - self._started_s, 1e-9)))
