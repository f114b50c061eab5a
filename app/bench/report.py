"""What was measured, as a table for people and as JSON under the names that scripts rely on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.bench.machine import Machine
from app.bench.networks import Timing
from app.bench.playing import AtSize, Played
from app.bench.spread import Spread
from app.bench.stages import Stages

_BUDGET_LATE_MS = 1000 / 30  # a picture of a camera at 30 frames/s is shown before the next one comes


@dataclass
class Report:
    """The first of `scenes` is the clip as it is."""

    machine: Machine
    source: str
    frame_size_wh: tuple[int, int]
    frames: int
    model: str
    effect: str
    peak_gmacs: Mapping[str, float] = field(default_factory=dict)
    scenes: dict[str, Stages] = field(default_factory=dict)
    effects_ms: dict[str, list[float]] = field(default_factory=dict)
    networks: Sequence[Timing] = ()
    search_ms: Spread | None = None  # the detector on the whole picture
    fps: Spread | None = None
    fps_recording: Spread | None = None
    played: Played | None = None  # in a session, up to where a picture is handed on to be shown
    window: Mapping[str, float] | None = None  # the same in the window, up to its painting
    sizes: dict[str, AtSize] = field(default_factory=dict)  # from end to end at other sizes

    @property
    def _first(self) -> Stages:
        return next(iter(self.scenes.values()))

    @property
    def recording_cost(self) -> float | None:
        """The fraction of the throughput that recording takes, 0..1; below 0 where noise won."""
        if self.fps is None or self.fps_recording is None:
            return None
        return 1 - self.fps_recording.median / self.fps.median

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        picture = Spread.of(self._first.picture)
        return {
            "machine": self.machine.name,
            "machine_details": self.machine.as_dict(),
            "source": self.source,
            "frame_size": list(self.frame_size_wh),
            "frames": self.frames,
            "model": self.model,
            "effect": self.effect,
            "mediapipe_ms": round(Spread.of(self._first.baseline).median, 3),
            "peak_gmacs": dict(self.peak_gmacs),
            "models": self._models(),
            "networks": [self._network(timing) for timing in self.networks],
            "search_ms": self.search_ms.rounded() if self.search_ms else None,
            "stages_ms": {name: Spread.of(ms).rounded() for name, ms in self._first.stages.items()},
            "scenes": {name: _scene(stages) for name, stages in self.scenes.items()},
            "sizes": {name: _at_size(figures) for name, figures in self.sizes.items()},
            "effects_ms": {name: Spread.of(ms).rounded() for name, ms in self.effects_ms.items()},
            "end_to_end": {
                "fps": round(self.fps.median, 2) if self.fps else 0.0,
                "fps_runs": self.fps.rounded() if self.fps else None,
                "fps_recording": self.fps_recording.rounded() if self.fps_recording else None,
                "recording_cost": None if self.recording_cost is None else round(self.recording_cost, 3),
                "capture_to_picture_ms": {
                    "p50": round(picture.median, 3),
                    "p95": round(picture.p95, 3),
                    "p99": round(picture.p99, 3),
                },
                "own_rate": None if self.played is None else _played(self.played),
                "window": None if self.window is None else dict(self.window),
            },
        }

    def lines(self) -> Iterator[str]:
        """The table."""
        m = self.machine
        load = "" if m.load is None else f"; load {m.load:.1f} before"
        yield f"{m.name}; {m.memory_gb:.0f} GB; {m.system}; Python {m.python}{load}"
        yield f"{m.graphics}; " + ", ".join(f"{name} {version}" for name, version in m.libraries.items())
        yield f"{self.source}; {self.model}; {self.effect}; {self.frames} frames; medians (quartiles)"
        yield from self._scene_lines()
        yield from self._network_lines()
        if self.effects_ms:
            yield ""
            yield f"{'drawing an effect, ms':<34}{'median (quartiles)':<26}{'p95':>8}"
            for name, values in self.effects_ms.items():
                ms = Spread.of(values)
                yield f"{name:<34}{ms!s:<26}{ms.p95:>8.2f}"
        yield from self._end_to_end_lines()
        yield from self._size_lines()

    def _scene_lines(self) -> Iterator[str]:
        for name, stages in self.scenes.items():
            yield ""
            yield f"{name + ', ms':<34}{'median (quartiles)':<26}{'p95':>8}{'p99':>8}{'CPU':>8}"
            rows: dict[str, tuple[list[float], list[float] | None]] = {
                **{stage: (ms, None) for stage, ms in stages.stages.items()},
                "network, crop, fit or root": (stages.inference, None),
                "MediaPipe Hands": (stages.baseline, stages.baseline_cpu),
                "capture to picture": (stages.picture, stages.cpu),
            }
            for row, (values, cpu) in rows.items():
                ms = Spread.of(values)
                taken = f"{Spread.of(cpu).median:>8.2f}" if cpu else ""
                yield f"{row:<34}{ms!s:<26}{ms.p95:>8.2f}{ms.p99:>8.2f}{taken}"
            ours, theirs = (sum(h) / len(h) for h in (stages.hands, stages.baseline_hands))
            yield (
                f"hands a frame: {ours:.2f}, MediaPipe's {theirs:.2f}; "
                f"drawn on {100 * stages.drawn_fraction:.0f} % of the frames; "
                f"inference takes {stages.over_baseline:.2f} of MediaPipe's time "
                f"(in {sum(stages.alike)} frames where both find as many)"
            )

    def _network_lines(self) -> Iterator[str]:
        if not self.networks:
            return
        yield ""
        limits = ", ".join(f"{name} {gmacs:.0f}" for name, gmacs in self.peak_gmacs.items())
        yield f"peak of one thread, 10⁹ Mult-Adds a second, float32: {limits}"
        heads = f"{'network, ms a crop':<20}{'engine':<15}{'threads':<9}"
        yield f"{heads}{'median (quartiles)':<26}{'of peak':>8}"
        for timing in self.networks:
            fraction = f"{100 * timing.of_peak(self._peak):.0f} %"
            columns = f"{timing.network:<20}{timing.engine:<15}{timing.threads:<9}"
            yield f"{columns}{timing.ms!s:<26}{fraction:>8}"
        if self.search_ms is not None:
            yield f"{'search of the whole picture, beside':<42}{self.search_ms!s}"

    def _end_to_end_lines(self) -> Iterator[str]:
        yield ""
        if self.fps is not None:
            yield f"as fast as it goes: {self.fps} frames/s in {self.fps.runs} runs"
        if self.fps_recording is not None and self.recording_cost is not None:
            cost = f"{-100 * self.recording_cost:+.0f} %"
            yield f"while 30 frames/s are recorded: {self.fps_recording} frames/s, {cost}"
        if self.played is not None:
            p = self.played
            yield (
                f"at its own rate: {p.fps:.1f} frames/s, capture to picture {p.latency_ms.median:.1f} / "
                f"{p.latency_ms.p95:.1f} / {p.latency_ms.p99:.1f} ms (p50 / p95 / p99; a frame lasts "
                f"{_BUDGET_LATE_MS:.0f}), {p.dropped} dropped of {p.dropped + p.shown}, "
                f"{p.cores:.2f} cores, {p.memory_mb:.0f} MB"
            )
        if self.window is not None:
            w = self.window
            yield (
                f"in the window: {w['fps']:.1f} frames/s, capture to display {w['p50']:.1f} / {w['p95']:.1f} "
                f"/ {w['p99']:.1f} ms, {w['dropped']:.0f} dropped, {w['cores']:.2f} cores, "
                f"{w['memory_mb']:.0f} MB"
            )

    def _size_lines(self) -> Iterator[str]:
        if not self.sizes:
            return
        yield ""
        heads = f"{'from end to end':<16}{'as fast as it goes':<26}{'while it is recorded':<26}"
        yield f"{heads}at its own rate: frames/s, p50 / p95 / p99 ms, dropped"
        for name, at in self.sizes.items():
            late = at.played.latency_ms
            own = f"{at.played.fps:.1f}, {late.median:.1f} / {late.p95:.1f} / {late.p99:.1f}"
            yield f"{name:<16}{at.fps!s:<26}{at.fps_recording!s:<26}{own}, {at.played.dropped}"
        yield f"{'processor ms':<16}" + "".join(
            f"{part:<26}" for part in next(iter(self.sizes.values())).parts_ms
        )
        for name, at in self.sizes.items():
            yield f"{name:<16}" + "".join(f"{ms!s:<26}" for ms in at.parts_ms.values())

    @property
    def _peak(self) -> float:
        return max(self.peak_gmacs.values(), default=float("nan"))

    def _models(self) -> dict[str, dict[str, float]]:
        """Medians of one thread, fastest engine first."""
        models: dict[str, dict[str, float]] = {}
        for timing in sorted(self.networks, key=lambda t: t.ms.median):
            if timing.threads == 1:
                models.setdefault(timing.network, {})[timing.engine] = round(timing.ms.median, 3)
        return models

    def _network(self, timing: Timing) -> dict[str, Any]:
        return {
            "network": timing.network,
            "engine": timing.engine,
            "threads": timing.threads,
            "ms": timing.ms.rounded(),
            "mult_adds_m": timing.mult_adds_m,
            "of_peak": round(timing.of_peak(self._peak), 3),
        }


def _scene(stages: Stages) -> dict[str, Any]:
    return {
        "stages_ms": {name: Spread.of(ms).rounded() for name, ms in stages.stages.items()},
        "looking_ms": Spread.of(stages.inference).rounded(),
        "mediapipe_ms": Spread.of(stages.baseline).rounded(),
        "beside_mediapipe": round(stages.over_baseline, 3),
        "capture_to_picture_ms": Spread.of(stages.picture).rounded(),
        "cpu_ms": Spread.of(stages.cpu).rounded(),
        "mediapipe_cpu_ms": Spread.of(stages.baseline_cpu).rounded(),
        "drawn_share": round(stages.drawn_fraction, 3),
        "hands": round(sum(stages.hands) / len(stages.hands), 3),
        "mediapipe_hands": round(sum(stages.baseline_hands) / len(stages.baseline_hands), 3),
    }


def _played(played: Played) -> dict[str, Any]:
    return {**vars(played), "latency_ms": played.latency_ms.rounded()}


def _at_size(figures: AtSize) -> dict[str, Any]:
    return {
        "fps": figures.fps.rounded(),
        "fps_recording": figures.fps_recording.rounded(),
        "own_rate": _played(figures.played),
        "parts_ms": {name: ms.rounded() for name, ms in figures.parts_ms.items()},
    }
