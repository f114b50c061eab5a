"""Plays a clip through the real session for a long time and watches what grows.

    python -m tools.soak [--minutes 30] [--source CLIP] [--window]

The ring is worn most of the time; meanwhile effects, overlays and sources are switched, the models are loaded
anew and recordings are made, as a restless person would. Every ten seconds memory, latency, threads and open
files are noted. Exit status 1 where memory grows by more than 1 MB a minute over the second half, latency
drifts, or something is left behind at the end. `--window` does the same in the window (a display, or
QT_QPA_PLATFORM=offscreen).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from main import prepare_process
from tools.command import command

SAMPLE_S = 10.0
TURN_S = 10.0  # between one thing a person does and the next
RECORDING_S = 6.0
JUDGED_S = 1000.0  # a run must be this long for all there is to do to be done once in its first half
MOST_GROWTH_MB_MIN = 1.0
MOST_DRIFT = 1.5  # latency of the last quarter over that of the second


class Studio(Protocol):
    """The session, alone or in its window."""

    def open(self, source: str) -> None: ...
    def change(self, **settings: object) -> None: ...
    def record(self, path: Path) -> None: ...
    def stop_recording(self) -> None: ...


@dataclass(frozen=True)
class Sample:
    """One look at the process."""

    time_s: float  # since the beginning
    memory_mb: float  # resident
    p50_ms: float  # capture → display, of the last 150 pictures
    p95_ms: float
    fps: float
    yard_ms: float  # a fixed piece of work beside it: how busy the machine is with other things
    threads: int  # of the process, libraries' included
    files: int  # open


def sample(time_s: float, statistics: object) -> Sample:
    """Look now."""
    figures = statistics.read()  # type: ignore[attr-defined]
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        time_s,
        pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        figures.latency_p50_ms,
        figures.latency_p95_ms,
        figures.fps,
        baseline_ms(),
        len(os.listdir("/proc/self/task")),
        len(os.listdir("/proc/self/fd")),
    )


def baseline_ms() -> float:
    """How long a fixed piece of work takes now."""
    table, started_s = np.arange(20_000.0), time.perf_counter()
    for _ in range(300):
        np.sqrt(table)
    return 1e3 * (time.perf_counter() - started_s)


class Soak:
    """What is done when; `step` is called often."""

    def __init__(self, studio: Studio, statistics: object, sources: list[str], folder: Path) -> None:
        from app.effects import effect_names

        self.samples: list[Sample] = []
        self.recordings = 0
        self._studio, self._statistics, self._sources, self._folder = studio, statistics, sources, folder
        self._others = [name for name in effect_names() if name != "ring"]
        self._started_s = time.monotonic()
        self._turns = 0
        self._recording_until_s: float | None = None

    def step(self) -> None:
        """Do what is due."""
        now_s = time.monotonic() - self._started_s
        if self._recording_until_s is not None and now_s > self._recording_until_s:
            self._recording_until_s = None
            self._studio.stop_recording()
        if now_s > TURN_S * (self._turns + 1):
            self._turns += 1
            self._act(self._turns, now_s)
        if now_s > SAMPLE_S * (len(self.samples) + 1):
            self.samples.append(sample(now_s, self._statistics))
            print(row(self.samples[-1]), flush=True)

    def _act(self, turn: int, now_s: float) -> None:
        """Every other turn wears the ring again; the turns between go through all there is to do."""
        if turn % 2 == 0:
            self._studio.change(effect="ring", overlays=frozenset())
            return
        doing = turn // 2 % 4
        if doing == 0:
            self._studio.change(effect=self._others[turn // 8 % len(self._others)])
        elif doing == 1:
            path = self._folder / f"{turn}.mp4"
            self._studio.record(path)
            self._recording_until_s, self.recordings = now_s + RECORDING_S, self.recordings + 1
            if turn > 8:
                (self._folder / f"{turn - 8}.mp4").unlink(missing_ok=True)
        elif doing == 2:
            self._studio.open(self._sources[turn // 8 % len(self._sources)])
        else:
            self._studio.change(max_hands=1 + turn // 8 % 2, overlays=frozenset({"joints", "mesh"}))


def row(s: Sample) -> str:
    """One line of the table."""
    return (
        f"{s.time_s / 60:7.2f} {s.memory_mb:9.1f} {s.p50_ms:8.1f} {s.p95_ms:8.1f} "
        f"{s.fps:9.1f} {s.yard_ms:8.1f} {s.threads:8d} {s.files:6d}"
    )


HEAD = "minutes memory_MB   p50_ms   p95_ms  frames_s  yard_ms  threads  files"


def growth_mb_min(samples: list[Sample]) -> float:
    """Slope of memory over the second half, MB a minute: the median of all pairs' (Theil-Sen)."""
    half = samples[len(samples) // 2 :]
    t = np.array([s.time_s for s in half]) / 60
    m = np.array([s.memory_mb for s in half])
    i, j = np.triu_indices(len(half), 1)
    return float(np.median((m[j] - m[i]) / (t[j] - t[i]))) if len(half) > 1 else 0.0


def drift(samples: list[Sample]) -> float:
    """Median latency of the last quarter over that of the second, both in baselines; 1 is none."""
    quarter = len(samples) // 4
    if not quarter:
        return 1.0

    def paced(part: list[Sample]) -> float:
        return float(np.median([s.p50_ms for s in part]) / np.median([s.yard_ms for s in part]))

    return paced(samples[-quarter:]) / max(paced(samples[quarter : 2 * quarter]), 1e-6)


def verdict(soak: Soak, threads_left: list[str]) -> list[str]:
    """Print the figures; what failed, a line each."""
    samples, growth, drifted = soak.samples, growth_mb_min(soak.samples), drift(soak.samples)
    middle = samples[len(samples) // 2 :]
    memory = [s.memory_mb for s in middle]
    print(f"\nmemory over the second half: {min(memory):.0f} to {max(memory):.0f} MB, {growth:+.2f} MB/min")
    print(f"latency p50, last quarter over second, the machine's own pace taken out: {drifted:.2f}")
    print(f"threads {min(s.threads for s in middle)} to {max(s.threads for s in middle)}, ", end="")
    print(f"open files {min(s.files for s in middle)} to {max(s.files for s in middle)}, ", end="")
    print(f"{soak.recordings} recordings, threads left at the end: {', '.join(threads_left) or 'none'}")
    faults = []
    if samples[-1].time_s < JUDGED_S:
        print("too short to judge memory and latency")
    elif growth > MOST_GROWTH_MB_MIN:
        faults.append(f"memory grows by {growth:.2f} MB a minute")
    if samples[-1].time_s >= JUDGED_S and drifted > MOST_DRIFT:
        faults.append(f"latency drifts: {drifted:.2f} times what it was")
    if samples[-1].files > samples[len(samples) // 2].files + 10:
        faults.append("open files pile up")
    return faults + [f"the thread “{name}” is left" for name in threads_left]


class Alone:
    """The session without a window."""

    def __init__(self) -> None:
        from app.session import Listener, Session, Settings

        self.faults: list[str] = []

        def show(picture: object) -> None:
            self.session.statistics.displayed(picture.time_s)  # type: ignore[attr-defined]

        def told(status: object) -> None:
            if status.level == "error":  # type: ignore[attr-defined]
                self.faults.append(status.text)  # type: ignore[attr-defined]

        def recorded(state: object) -> None:
            if state.error:  # type: ignore[attr-defined]
                self.faults.append(state.error)  # type: ignore[attr-defined]

        self.session = Session(Settings(), Listener(show, told, recorded, lambda source: None))
        self.open, self.stop_recording = self.session.open, self.session.stop_recording
        self.record = self.session.start_recording

    def change(self, **settings: object) -> None:
        self.session.settings = replace(self.session.settings, **settings)  # type: ignore[arg-type]


def run_alone(minutes: float, sources: list[str], folder: Path) -> tuple[Soak, list[str]]:
    """Without a window."""
    studio = Alone()
    soak = Soak(studio, studio.session.statistics, sources, folder)
    studio.open(sources[0])
    end_s = time.monotonic() + 60 * minutes
    try:
        while time.monotonic() < end_s:
            time.sleep(0.2)
            soak.step()
    finally:
        studio.session.close()
    return soak, studio.faults


def run_in_window(minutes: float, sources: list[str], folder: Path) -> tuple[Soak, list[str]]:
    """In the window, until it closes itself."""
    from PyQt6.QtCore import QSettings, QTimer
    from PyQt6.QtWidgets import QApplication

    from app.ui.preferences import Preferences
    from app.ui.style import style_sheet
    from app.ui.window import MainWindow
    from models.tracking.pipeline import MODELS

    application = QApplication([])
    application.setStyle("Fusion")
    application.setStyleSheet(style_sheet())
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    window = MainWindow(Preferences(), store, MODELS, sources[0])
    faults: list[str] = []
    window.bridge.status.connect(lambda s: faults.append(s.text) if s.level == "error" else None)
    window.bridge.recording.connect(lambda s: faults.append(s.error) if s.error else None)

    class Shown:
        open, record = window.session.open, window.recording.start
        stop_recording = window.session.stop_recording

        def change(self, **settings: object) -> None:
            window.session.settings = replace(window.session.settings, **settings)  # type: ignore[arg-type]

    soak = Soak(Shown(), window.session.statistics, sources, folder)
    window.show()
    tick = QTimer()
    tick.timeout.connect(soak.step)
    tick.start(200)
    QTimer.singleShot(round(60e3 * minutes), window.close)
    application.exec()
    return soak, faults


@command
def main() -> int:
    """Run, and print the table."""
    parser = argparse.ArgumentParser(description="plays a clip for a long time and watches what grows")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--source", default="demo", help="a clip that is looped; the demo clip is the other")
    parser.add_argument("--window", action="store_true", help="in the window")
    arguments = parser.parse_args()
    prepare_process()
    before = set(threading.enumerate())
    sources = list(dict.fromkeys([arguments.source, "demo"]))
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory(prefix="palmistry-soak-") as folder:
        play = run_in_window if arguments.window else run_alone
        soak, told = play(arguments.minutes, sources, Path(folder))
    left = sorted(thread.name for thread in set(threading.enumerate()) - before if not thread.daemon)
    if not soak.samples:
        raise ValueError(f"give at least {SAMPLE_S / 60:.2f} minutes")
    faults = verdict(soak, left) + [f"the session told: {line}" for line in dict.fromkeys(told)]
    for fault in faults:
        print(f"FAILED: {fault}")
    print("" if faults else "PASSED")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
