"""bench: its figures are those of what it ran, in turns, and its report says them under stable names."""

from __future__ import annotations

import gc
import json
import time
from pathlib import Path

import numpy as np
import pytest

from app.bench.chart import write_chart
from app.bench.clips import Scene, clip_at, fitted, repeated, scenes, staged
from app.bench.machine import Machine
from app.bench.networks import Timing, time_networks
from app.bench.peak import peak_gmacs
from app.bench.playing import Played, play, throughput
from app.bench.report import Report
from app.bench.spread import Spread
from app.bench.stages import WARM_UP, time_effects, time_stages
from app.capture import Frame, open_file
from app.cli import main
from app.commands import bench
from app.errors import UserError
from app.session import Session, Settings, session
from app.session.usage import UsageMeter
from models.turns import take_turns
from tests.app.bench import SlowBaseline, frames
from tests.app.clips import steady, write_clip
from tests.app.fakes import Behind, FakeCompositor, FakePipeline, ticking_frames


def test_a_spread_tells_median_quartiles_and_tail() -> None:
    spread = Spread.of([float(i) for i in range(1, 102)])
    assert (spread.q1, spread.median, spread.q3) == (26, 51, 76)
    assert (spread.p95, spread.p99, spread.least, spread.runs) == (96, 100, 1, 101)
    with pytest.raises(ValueError, match="at least one run"):
        Spread.of([])


def test_calls_take_turns_warmed_up_and_undisturbed() -> None:
    called: list[str] = []

    def slow() -> None:
        called.append("slow")
        time.sleep(0.002)

    times_ms = take_turns({"slow": slow, "quick": lambda: called.append("quick")}, runs=5, warm_up=2)
    assert called == ["slow", "slow", "quick", "quick"] * 7
    assert [len(values) for values in times_ms.values()] == [5, 5]
    assert min(times_ms["slow"]) >= 2 > np.median(times_ms["quick"])
    assert gc.isenabled()


def test_a_scene_has_the_hand_and_its_mirror_whole() -> None:
    clip = frames(2)
    (first, _) = staged(clip, Scene(2, (256, 96)))
    assert first.image_rgb.shape == (96, 256, 3)
    assert np.array_equal(first.image_rgb, first.image_rgb[:, ::-1])
    for scene in scenes():
        for frame in staged(clip, scene):
            assert frame.image_rgb.shape[1::-1] == scene.size_wh
    wide = fitted(clip[0].image_rgb, (100, 48))
    assert np.array_equal(wide[:, 18:82], clip[0].image_rgb)
    assert (wide[:, :18] == wide[:, 18:19]).all()  # drawn out, so that no edge is made


def test_a_short_clip_begins_again_with_time_going_on(tmp_path: Path) -> None:
    file = open_file(write_clip(tmp_path / "clip.mp4", steady(5)))
    times_s = [frame.time_s for frame in repeated(file, 12)]
    assert np.diff(times_s) == pytest.approx(1 / 30, abs=2e-3)
    assert len(times_s) == 12


def test_from_end_to_end_the_stages_overlap(tmp_path: Path) -> None:
    file = open_file(write_clip(tmp_path / "clip.mp4", steady(40)))
    for recording in (False, True):
        pipeline = FakePipeline()
        parts = (
            lambda config, pipeline=pipeline: pipeline,
            lambda pipeline=pipeline: Behind(pipeline=pipeline, frames=40),
        )
        assert throughput(file, 40, Settings(), recording, *parts) > 0


def make_session(settings: Settings, listener: object) -> Session:
    return Session(settings, listener, lambda config: FakePipeline(), FakeCompositor)


def test_at_its_own_rate_delays_and_drops_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "live_frames", ticking_frames(50))
    played = play("clip", Settings(), 0.6, 0.2, make_session)
    assert 0 < played.fps < 55
    assert played.latency_ms.median > 0
    assert played.memory_mb > 20


def test_a_source_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "live_frames", ticking_frames(50))
    with pytest.raises(UserError, match="missing does not exist"):
        play("missing", Settings(), 0.1, 0.1, make_session)


def test_usage_counts_a_busy_core() -> None:
    meter = UsageMeter()
    end_s = time.process_time() + 0.15
    while time.process_time() < end_s:
        pass
    usage = meter.read()
    assert 0.02 < usage.cores < 8
    assert meter.read(least_s=60) is usage


def test_networks_are_timed_by_engine_and_threads_beside_the_peak() -> None:
    def make_calls(name: str, engines: object, threads: object) -> dict:
        return {("openvino", 1): lambda: time.sleep(0.02), ("openvino", 2): lambda: time.sleep(0.001)}

    one, two = time_networks(["mobrecon_lm"], ("openvino",), 5, (1, 2), make_calls)
    assert (one.network, one.engine, one.threads, two.threads) == ("mobrecon_lm", "openvino", 1, 2)
    assert one.ms.median > two.ms.median >= 1
    assert one.of_peak(100.0) == pytest.approx(one.mult_adds_m / one.ms.median / 100)
    assert two.of_peak(100.0) == pytest.approx(two.mult_adds_m / two.ms.median / 200)


def test_the_peak_is_above_what_plain_python_reaches() -> None:
    peak = peak_gmacs(2)
    assert set(peak) == {"matmul", "conv3x3"}
    assert min(peak.values()) > 0.5


@pytest.fixture
def report() -> Report:
    clip = frames(WARM_UP + 5)
    times, results = time_stages(
        clip, Settings(max_hands=1), SlowBaseline, lambda config: FakePipeline(0.001), FakeCompositor
    )
    machine = Machine("a processor, 2 cores", 8.0, "Linux", "3.11", "llvmpipe", {"numpy": "2"}, 0.5)
    return Report(
        machine,
        "demo",
        (64, 48),
        5,
        "fit",
        "ring",
        peak_gmacs={"matmul": 50.0},
        scenes={"1 hand, 64×48": times},
        effects_ms=time_effects(clip, results, ["ring"], lambda name: Settings(), FakeCompositor),
        networks=[Timing("fit", "openvino", 1, Spread.of([5.0, 6.0, 7.0]), 331.0)],
        fps=Spread.of([50.0, 60.0]),
        fps_recording=Spread.of([44.0]),
        window={"fps": 30, "p50": 1, "p95": 2, "p99": 3, "dropped": 0, "cores": 1, "memory_mb": 9},
    )


def test_the_report_keeps_the_names_that_scripts_rely_on(report: Report) -> None:
    said = report.as_dict()
    assert {"machine", "mediapipe_ms", "models", "stages_ms", "end_to_end"} <= set(said)
    assert said["machine"] == "a processor, 2 cores"
    assert said["models"] == {"fit": {"openvino": 6.0}}
    assert {"median", "p95"} <= set(said["stages_ms"]["network"])
    assert set(said["end_to_end"]["capture_to_picture_ms"]) == {"p50", "p95", "p99"}
    assert said["end_to_end"]["fps"] == 55.0
    assert said["end_to_end"]["recording_cost"] == 0.2
    assert said["networks"][0]["of_peak"] == pytest.approx(331 / 6 / 50, abs=1e-3)
    text = "\n".join(report.lines())
    for word in ("llvmpipe", "MediaPipe Hands", "110 %", "55.00", "-20 %", "in the window"):
        assert word in text


def test_the_command_measures_all_and_prints_it(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stand-ins; `test_cli` has the same on the real parts, slow."""
    times = next(iter(report.scenes.values()))
    seen: list[tuple[str, object]] = []

    def time_stages(shown: list[Frame], settings: Settings, make_baseline: object) -> tuple:
        seen.append((f"{shown[0].image_rgb.shape[1]}×{shown[0].image_rgb.shape[0]}", settings.max_hands))
        return times, [None] * len(shown)

    monkeypatch.setattr(bench, "this_machine", lambda: report.machine)
    monkeypatch.setattr(bench, "time_stages", time_stages)
    monkeypatch.setattr(bench, "time_effects", lambda *_: {"ring": [4.0]})
    monkeypatch.setattr(bench, "peak_gmacs", lambda runs: {"matmul": 50.0})
    monkeypatch.setattr(bench, "time_networks", lambda *_: report.networks)
    monkeypatch.setattr(bench, "time_search", lambda *_: Spread.of([12.5]))
    monkeypatch.setattr(bench, "throughput", lambda file, frames, settings, recording: 40.0 - 10 * recording)
    played = Played(30.0, Spread.of([20.0]), 1, 29, 1.2, 300.0)
    monkeypatch.setattr(bench, "play", lambda *_: played)
    clip = write_clip(tmp_path / "clip.mp4", steady(5))
    pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")
    assert main(["bench", str(clip), "--frames", "5", "--json"]) == 0
    said = capsys.readouterr().out
    names = ("640×480", "1280×720", "1920×1080")
    assert seen == [("96×64", 1), *((name, hands) for name in names for hands in (1, 2))]
    figures = json.loads(said.splitlines()[-1])
    assert figures["frame_size"] == [96, 64]
    assert figures["search_ms"]["median"] == 12.5
    assert "search of the whole picture" in said
    assert figures["end_to_end"]["recording_cost"] == 0.25
    assert figures["end_to_end"]["own_rate"]["dropped"] == 1
    assert "at its own rate: 30.0 frames/s" in said
    del seen[:]
    assert main(["bench", str(clip), "--quick"]) == 0
    assert seen == [("96×64", 1)]
    del seen[:]
    assert list(figures["sizes"]) == list(names)
    assert figures["sizes"]["1280×720"]["fps_recording"]["median"] == 30
    assert "1920×1080       40.00" in said
    assert set(figures["sizes"]["640×480"]["parts_ms"]) == {
        "a webcam's JPEG, decoded",
        "recorded",
        "scaled to the window",
    }
    assert min(part["median"] for part in figures["sizes"]["1280×720"]["parts_ms"].values()) > 0
    assert main(["bench", str(clip), "--frames", "5", "--sizes", "128x96"]) == 0
    assert seen == [("96×64", 1), ("128×96", 1), ("128×96", 2)]


@pytest.mark.parametrize("sizes", ["", "640", "640x480,", "axb"])
def test_sizes_that_are_none_are_refused(sizes: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "demo", "--sizes", sizes]) == 2
    assert "argument --sizes: expected a size" in capsys.readouterr().err


def test_a_clip_at_another_size_keeps_its_times(tmp_path: Path) -> None:
    file = open_file(write_clip(tmp_path / "clip.mp4", steady(8)))
    assert clip_at(file, file.size_wh, 8, tmp_path) is file
    larger = clip_at(file, (192, 128), 6, tmp_path)
    assert larger.size_wh == (192, 128)
    times_s = [frame.time_s for frame in larger.frames()]
    assert times_s == pytest.approx([frame.time_s for frame in file.frames()][:6], abs=2e-3)


def test_the_chart_is_a_picture(report: Report, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib")
    write_chart(report, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
