"""Being told to end, and clocks that jump: nothing half done is left, and time goes on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.capture import DEMO_CLIP
from models.geometry import camera_from_fov
from models.tracking.smoothing import HandFilter, hand_filter_config
from tests.app.fakes import fake_hand
from tests.paths import ROOT
from tests.waiting import PATIENCE_S, wait_for

pytestmark = pytest.mark.fault


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGTERM")
@pytest.mark.skipif(not DEMO_CLIP.exists(), reason="needs the demo clip")
def test_process_that_is_told_to_end_tidies_up(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    command = [sys.executable, "main.py", "process", "demo", "--effect", "none", "--out", str(out)]
    command += ["--hands", str(tmp_path / "out.jsonl")]
    program = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_for((tmp_path / "out.partial.mp4").exists)
    program.send_signal(signal.SIGTERM)
    _, said = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 128 + signal.SIGTERM
    assert re.split(r"[\r\n]", said.strip())[-1] == "palmistry: interrupted"
    assert "Traceback" not in said
    assert os.listdir(tmp_path) == []


def test_only_the_monotonic_clock_is_read_where_pictures_pass() -> None:
    """The wall clock jumps: it is set by hand, by the network, twice a year."""
    wall = re.compile(r"\btime\.time\(|\btime_ns\(|datetime\.(now|utcnow|today)\(|perf_counter_ns\(")
    environments = [
        ROOT / "app" / environment for environment in ("capture", "session", "recorder", "render", "effects")
    ]
    files = [
        *(ROOT / "models").glob("*.py"),
        *(path for environment in environments for path in environment.rglob("*.py")),
    ]
    assert len(files) > 50
    assert [path.name for path in files if wall.search(path.read_text("utf-8"))] == []


def test_a_filter_goes_on_whatever_time_does() -> None:
    camera, steady = camera_from_fov(64, 48), HandFilter(hand_filter_config(0.5))
    times_s = [0.0, 0.03, 0.03, 3600.0, 3600.03, 0.06, 0.09, -50.0, -49.97, 1e9, 1e9 + 0.03]
    for time_s in times_s:
        hand = steady(fake_hand(time_s), camera)
        assert np.abs(hand.vertices_m - fake_hand().vertices_m).max() < 1e-5
