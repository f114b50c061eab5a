"""The command line: names, JSON keys and exit statuses that scripts rely on; one line for bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app.cli import main
from app.commands import live, predict
from models.types import HandMesh
from tests.app.clips import (
    first_frames,
    numbered_picture,
    steady,
    video_duration_s,
    video_times_s,
    write_clip,
)
from tests.app.fakes import fake_hand

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "assets" / "clips" / "demo.mp4"
needs_demo = pytest.mark.skipif(not DEMO.exists(), reason="needs assets/clips/demo.mp4")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", steady(5))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(cv2.imencode(".png", numbered_picture(0, 64, 48))[1].tobytes())
    return path


def failing_line(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail; its one line."""
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("palmistry: ")
    return lines[0]


def test_bad_sources_and_outputs_say_one_line(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("words\n" * 50)
    out = tmp_path / "out.mp4"
    table = {
        "is empty": (tmp_path / "empty.mp4", "--out", out),
        "not a readable video": (tmp_path / "text.mp4", "--out", out),
        "is a folder": (tmp_path, "--out", out),
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


def test_live_refuses_bad_input_before_any_window(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "start_display_probe", lambda: None)
    assert "does not exist" in failing_line(capsys, "live", "--source", tmp_path / "missing.mp4")
    assert "can't be written" in failing_line(capsys, "live", "--record", clip / "a.mp4")


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


class FakePredicting:
    """Stands for the pipeline in `predict`: remembers how it was asked."""

    asked: list[tuple[str, str | None, float]]

    def __init__(self, config: Any) -> None:
        self._side = config.side_lock

    def process(self, image_rgb: np.ndarray, time_s: float, camera: Any) -> Any:
        self.asked.append(("auto", self._side, camera.fx))
        return type("Result", (), {"hands": ()})()

    def predict_crop(self, image_rgb: np.ndarray, camera: Any, side: str) -> HandMesh:
        self.asked.append(("full", side, camera.fx))
        return fake_hand()

    def reset(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None, float]]:
    FakePredicting.asked = []
    monkeypatch.setattr(predict, "Pipeline", FakePredicting)
    return FakePredicting.asked


def test_predict_writes_one_record_per_image(image: Path, tmp_path: Path, asked: list) -> None:
    out = tmp_path / "new" / "out.json"
    full = ["--crop", "full", "--side", "left", "--intrinsics", "500,510,31,23", "--vertices"]
    assert main(["predict", str(image), str(image), "--out", str(out), *full]) == 0
    records = json.loads(out.read_text())
    assert [record["image"] for record in records] == [str(image)] * 2
    assert records[0]["intrinsics"] == [500, 510, 31, 23]
    (hand,) = records[0]["hands"]
    assert np.shape(hand["joints_2d_px"]) == (21, 2)
    assert np.shape(hand["joints_3d_m"]) == (21, 3)
    assert np.shape(hand["vertices_m"]) == (778, 3)
    assert np.shape(hand["root_m"]) == (3,)
    assert hand["side"] in ("left", "right")
    assert 0 <= hand["score"] <= 1
    assert asked == [("full", "left", 500.0)] * 2

    assert main(["predict", str(image), "--out", str(out)]) == 0
    focal = pytest.approx(0.5 * np.hypot(64, 48) / np.tan(np.radians(65 / 2)))
    expected = {"image": str(image), "intrinsics": [focal, focal, 31.5, 23.5], "hands": []}
    assert json.loads(out.read_text()) == [expected]
    assert [file.name for file in out.parent.iterdir()] == ["out.json"]


def test_predict_reads_a_list_with_what_is_known(image: Path, tmp_path: Path, asked: list) -> None:
    entries = [
        {"image": image.name, "intrinsics": [700, 700, 32, 24], "side": "left", "crop": "full"},
        {"image": str(image), "side": "right"},
        {"image": str(image), "intrinsics": None, "side": None, "crop": None},
    ]
    lines = tmp_path / "list.jsonl"
    text = "\n\n".join(json.dumps({**entry, "note": "a\u2028b"}, ensure_ascii=False) for entry in entries)
    lines.write_text(text, encoding="utf-8-sig")
    assert main(["predict", str(lines), "--out", str(tmp_path / "o.json"), "--fov", "90"]) == 0
    wide = 0.5 * np.hypot(64, 48)
    assert [question[:2] for question in asked] == [("full", "left"), ("auto", "right"), ("auto", None)]
    assert [question[2] for question in asked] == pytest.approx([700.0, wide, wide])
    assert json.loads((tmp_path / "o.json").read_text())[0]["image"] == image.name


def test_predict_refuses_bad_input(
    image: Path, tmp_path: Path, asked: list, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "none.jsonl").write_text("\n")
    for expected, line in {
        "line 1": "not json",
        "no image": '{"picture": "a.png"}',
        "not a path": '{"image": 5}',
        "got list": "[1]",
        "recursion": "[" * 100_000,
        "too long": json.dumps({"image": "a" * 1_000_000}),
        "focal lengths": json.dumps({"image": str(image), "intrinsics": [0, 1, 1, 1]}),
        "principal point": json.dumps({"image": str(image), "intrinsics": [500, 500, 1e9, 1]}),
        "got inf": json.dumps({"image": str(image), "intrinsics": [int("9" * 400), 500, 1, 1]}),
        "side must be": json.dumps({"image": str(image), "side": {}}),
        "four numbers": json.dumps({"image": str(image), "intrinsics": [1]}),
        "must be four": json.dumps({"image": str(image), "intrinsics": ["500", "500", "3", "3"]}),
    }.items():
        (tmp_path / "bad.jsonl").write_text(line)
        line = failing_line(capsys, "predict", tmp_path / "bad.jsonl", "--out", out)
        assert expected in line
        assert len(line) < 1000
    table: dict[str, tuple[object, ...]] = {
        "not an image": (image, tmp_path / "text.png", "--out", out),
        "does not exist": (image, tmp_path / "missing.png", "--out", out),
        "lists no image": (tmp_path / "none.jsonl", "--out", out),
        "missing.jsonl can't be read": (tmp_path / "missing.jsonl", "--out", out),
        "must end in .json": (image, "--out", tmp_path / "out.txt"),
        "can't be written": (image, "--out", image / "out.json"),
    }
    for expected, arguments in table.items():
        assert expected in failing_line(capsys, "predict", *arguments)
    assert not out.exists()
    assert not list(tmp_path.glob("*.partial*"))
    assert asked == [("auto", None, pytest.approx(asked[0][2]))]  # a missing image is said before any work


def last_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_models_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    table = last_json(capsys)
    assert table["default"] == "fit"
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
    assert {"detect", "network", "fit", "draw"} <= set(report["stages_ms"])
    assert video_duration_s(out) == pytest.approx(video_duration_s(start), abs=0.1)


@needs_demo
def test_bench_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--frames", "20", "--json"]) == 0
    report = last_json(capsys)
    assert {"machine", "mediapipe_ms", "models", "stages_ms", "end_to_end"} <= set(report)
    assert report["models"]["fit"]["openvino"] > 0
    assert set(report["stages_ms"]["network"]) == {"median", "p95"}
    assert set(report["end_to_end"]["capture_to_picture_ms"]) == {"p50", "p95", "p99"}
    assert report["end_to_end"]["fps"] > 1
