"""The command line: names, JSON keys and exit statuses that scripts rely on; one line for bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.commands import live, models
from models.networks.zoo import networks
from models.tracking.pipeline import DEFAULT_MODEL, MODELS
from tests.app.clips import (
    first_frames,
    steady,
    video_duration_s,
    video_times_s,
    write_clip,
)
from tests.app.commands.command_help import failing_line
from tests.paths import ROOT
from tests.waiting import PATIENCE_S, size_of, wait_for

DEMO = ROOT / "assets" / "clips" / "demo.mp4"
needs_demo = pytest.mark.skipif(not DEMO.exists(), reason="needs assets/clips/demo.mp4")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", steady(5))


@pytest.mark.fault
def test_bad_sources_and_outputs_say_one_line(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("words\n" * 50)
    out = tmp_path / "out.mp4"
    table = {
        "is empty": (tmp_path / "empty.mp4", "--out", out),
        "not a readable video": (tmp_path / "text.mp4", "--out", out),
        "is a folder too": (tmp_path, "--out", out),
        "does not exist": (tmp_path / "two\nlines.mp4", "--out", out),
        "too long": ("a" * 5000, "--out", out),
        "name too long": (clip, "--out", tmp_path / ("a" * 5000 + ".mp4")),
        "is no ordinary file": ("/dev/null", "--out", out),
        "is a camera": ("0", "--out", out),
        "is the source itself": (clip, "--out", clip),
        "must end in .mp4": (clip, "--out", tmp_path / "out.avi"),
        "can't be written": (clip, "--out", clip / "out.mp4"),
        "must end in .csv": (clip, "--out", out, "--joints", tmp_path / "joints.txt"),
    }
    for expected, arguments in table.items():
        assert expected in failing_line(capsys, "process", *arguments)
    assert not out.exists()


def test_bad_flags_say_one_line(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = {
        "--model": "nonsense",
        "--effect": "nonsense",
        "--finger": "nose",
        "--metal": "cheese",
        "--overlay": "joints,nonsense",
        "--smoothing": "2",
        "--fov": "400",
        "--intrinsics": "1,2,3",
        "--no-such-flag": "1",
    }
    for flag, value in flags.items():
        line = failing_line(capsys, "process", clip, "--out", tmp_path / "out.mp4", flag, value)
        assert flag in line
    for bad in ("nan,1,1,1", "-5,5,1,1", "a,b,c,d", "1e308,1e308,1,1", "500,9,1,1", "500,500,1,1e9"):
        assert "--intrinsics" in failing_line(capsys, "predict", "a.png", "--out", "b", f"--intrinsics={bad}")
    place = ("--finger", "thumb", "--segment", "middle")
    assert "thumb" in failing_line(capsys, "process", clip, "--out", tmp_path / "out.mp4", *place)
    assert "--help" in failing_line(capsys, "no-such-command")
    assert "--out" in failing_line(capsys, "process", clip)
    assert "--frames" in failing_line(capsys, "bench", "--frames", "0")
    assert "nonsense" in failing_line(capsys, "bench", "--model", "nonsense")
    assert "must end in .png" in failing_line(capsys, "bench", "--chart", tmp_path / "a.txt")


def test_live_refuses_bad_input_before_any_window(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "start_display_probe", lambda: None)
    assert "does not exist" in failing_line(capsys, "live", "--source", tmp_path / "missing.mp4")
    assert "can't be written" in failing_line(capsys, "live", "--record", clip / "a.mp4")
    assert "is the source itself" in failing_line(capsys, "live", "--source", clip, "--record", clip)


def test_without_a_display_live_renders_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, Path]] = []
    monkeypatch.setattr(live, "start_display_probe", lambda: None)
    monkeypatch.setattr(live, "write_video", lambda source, out, *rest: calls.append((source, out)))
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert calls == [("demo", Path("out/demo.mp4"))]
    captured = capsys.readouterr()
    assert "out/demo.mp4" in captured.out
    assert "no display" in captured.err


def test_a_display_that_does_not_answer_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PyQt6", reason="needs PyQt6")
    if not sys.platform.startswith("linux"):
        pytest.skip("needs X11")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert live.start_display_probe() is None
    monkeypatch.setenv("DISPLAY", ":87654")
    probe = live.start_display_probe()
    assert probe is not None
    assert "Qt can't open a window" in live.display_fault(probe)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    probe = live.start_display_probe()
    assert probe is not None
    assert live.display_fault(probe) == ""


def last_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_models_lists_every_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json", "--no-latency"]) == 0
    rows = last_json(capsys)["models"]
    assert [row["name"] for row in rows] == ["fit", *networks()]
    assert all(row["latency_ms"] == {} for row in rows)
    for row in rows:
        assert {"name", "input", "mult_adds_m", "parameters_m", "weights", "licence", "latency_ms"} <= set(
            row
        )


def test_models_times_what_has_weights_and_with_all_the_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[str] = []

    def measure(name: str, engines: object) -> dict[str, float]:
        timed.append(name)
        return {"onnxruntime": 2.0}

    monkeypatch.setattr(models, "measure", measure)
    assert main(["models", "--json"]) == 0
    table = last_json(capsys)
    assert table["default"] == DEFAULT_MODEL
    assert ["fit", *timed] == [row["name"] for row in table["models"] if row["weights"]] == list(MODELS)
    assert main(["models", "--all", "--json"]) == 0
    assert all(row["latency_ms"] for row in last_json(capsys)["models"])
    (row,) = [row for row in table["models"] if row["name"] == "fit"]
    assert {"input", "mult_adds_m", "parameters_m", "weights", "licence", "latency_ms"} <= set(row)
    assert row["input"] == [224, 224]
    assert row["weights"] is True
    assert 0 < row["latency_ms"]["openvino"] < 1000


def test_doctor_as_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert main(["doctor", "--json"]) == 0
    report = last_json(capsys)
    assert isinstance(report["ok"], bool)
    names = {check["name"] for check in report["checks"]}
    assert {"camera", "opengl", "display", "encoder", "openvino", "mediapipe", "assets"} <= names
    for check in report["checks"]:
        assert set(check) == {"name", "ok", "found", "advice"}
        assert check["ok"] == (check["advice"] == "")


def run_main(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program as a user starts it."""
    command = [sys.executable, "main.py", *(str(argument) for argument in arguments)]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


@pytest.mark.fault
@needs_demo
def test_a_window_that_is_told_to_end_keeps_its_recording_and_settings(tmp_path: Path) -> None:
    pytest.importorskip("PyQt6", reason="needs PyQt6")
    out = tmp_path / "out.mp4"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    command = [
        sys.executable,
        "main.py",
        "live",
        "--source",
        "demo",
        "--effect",
        "none",
        "--record",
        str(out),
    ]
    program = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: size_of(out) > 10_000)
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=PATIENCE_S)
    finally:
        program.kill()
    assert (program.returncode, said) == (0, "")
    assert len(video_times_s(out)) > 3
    assert list((tmp_path / "config").rglob("*.conf"))


def test_the_program_ends_bad_input_with_one_line_and_status_2(tmp_path: Path) -> None:
    done = run_main("process", tmp_path / "missing.mp4", "--out", tmp_path / "out.mp4")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "missing.mp4 does not exist" in done.stderr


@needs_demo
def test_the_program_puts_a_ring_on_the_demo(tmp_path: Path) -> None:
    start, out = first_frames(DEMO, tmp_path / "start.mp4", 60), tmp_path / "out.mp4"
    done = run_main("process", start, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["frames"] == len(video_times_s(start)) == len(video_times_s(out)) > 50
    assert report["frames_with_hand"] > 0.9 * report["frames"]
    assert {"detect", "network", "root", "draw"} <= set(report["stages_ms"])
    assert video_duration_s(out) == pytest.approx(video_duration_s(start), abs=0.1)


@needs_demo
@pytest.mark.slow
def test_bench_as_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PyQt6", reason="needs PyQt6")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    few = ["--frames", "20", "--runs", "1", "--seconds", "1"]
    assert main(["bench", "--quick", "--window", "--json", *few]) == 0
    report = last_json(capsys)
    assert {"machine", "mediapipe_ms", "models", "stages_ms", "end_to_end"} <= set(report)
    assert report["models"]["fit"]["openvino"] > 0
    assert {"median", "p95"} <= set(report["stages_ms"]["network"])
    assert set(report["end_to_end"]["capture_to_picture_ms"]) == {"p50", "p95", "p99"}
    assert report["end_to_end"]["fps"] > 1
    assert report["end_to_end"]["own_rate"]["latency_ms"]["p99"] > 1
    assert report["end_to_end"]["window"]["fps"] > 1
