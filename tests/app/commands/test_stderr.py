"""What a user reads on stderr, each command in a process of its own: nothing that a library has to say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.clips import first_frames, steady, write_clip
from tests.paths import CLIPS, ROOT

DEMO = CLIPS / "demo.mp4"
PROGRESS = re.compile(r" *\d+ %   [\d.]+ frames/s|bench: .+")  # ours, where stderr is no terminal


def run_main(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the program as a user does, without a display."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "main.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    "arguments",
    [
        "process CLIP --out OUT/out.mp4",
        "predict PICTURE --out OUT/hands.json",
        "jitter CLIP --model mobrecon_lm,mediapipe --out OUT",
        "evaluate --data still:CLIP --model mobrecon_lm --out OUT",
        pytest.param("models", marks=pytest.mark.slow),
        pytest.param("bench --quick --frames 10 --runs 1 --seconds 1", marks=pytest.mark.slow),
    ],
    ids=lambda text: text.split()[0],
)
def test_success_leaves_stderr_to_the_program(arguments: str, tmp_path: Path) -> None:
    if not DEMO.exists():
        pytest.skip("needs assets/clips/demo.mp4")
    clip, out = first_frames(DEMO, tmp_path / "clip.mp4", 40), tmp_path / "out"
    out.mkdir()
    here = {"CLIP": str(clip), "PICTURE": str(CLIPS / "background.jpg"), "OUT": str(out)}
    done = run_main(*(re.sub("CLIP|PICTURE|OUT", lambda m: here[m[0]], a) for a in arguments.split()))
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if not PROGRESS.fullmatch(line)] == []


@pytest.mark.parametrize(
    "arguments",
    [
        "process CUT --out OUT/out.mp4",
        "predict CUT --out OUT/hands.json",
        "live --source CUT",
        "jitter CLIP --model mobrecon_lm,mediapipe --out OUT/report",
        "evaluate --data still:CUT",
        # These load no model before they tell; in the tests' own process their one line is tested always.
        pytest.param("models --all --no-latency", marks=pytest.mark.slow),
        pytest.param("bench CUT", marks=pytest.mark.slow),
        pytest.param("export nothing --out OUT/out.onnx", marks=pytest.mark.slow),
        pytest.param("train nothing", marks=pytest.mark.slow),
        pytest.param("calibrate CUT", marks=pytest.mark.slow),
    ],
    ids=lambda text: text.split()[0],
)
def test_bad_input_is_one_line(arguments: str, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", steady(40))  # no hand in it: told after loading
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:200])
    here = {"CLIP": str(clip), "CUT": str(cut), "OUT": str(tmp_path)}
    done = run_main(*(re.sub("CLIP|CUT|OUT", lambda m: here[m[0]], a) for a in arguments.split()))
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if not PROGRESS.fullmatch(line)]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("palmistry: ")
