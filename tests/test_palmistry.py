"""The Python API: the documented example runs, and its names are those that are promised."""

import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import palmistry

ROOT = Path(__file__).parents[1]


def test_the_documented_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.S)
    exec(compile(example, "docs/api.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert len(said) >= 4
    assert re.fullmatch(r"\d\S* (right|left) \[.*\]", said[0])


def test_every_stable_name_is_there_and_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    for name in palmistry.__all__:
        assert hasattr(palmistry, name)
        assert f"`{name}" in text, name


def test_frames_come_in_order_with_arrays() -> None:
    with palmistry.HandTracker("fit", max_hands=1) as tracker:
        frames = list(islice(tracker.video("demo"), 3))
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert frames[0].time_s < frames[1].time_s < frames[2].time_s
    hand = frames[-1].hands[0]
    assert hand.vertices_m.shape == (778, 3)
    assert hand.pose is not None
    assert isinstance(hand.joints_m, np.ndarray)


def test_faults_are_told() -> None:
    with palmistry.HandTracker("fit") as tracker:
        with pytest.raises(palmistry.UserError, match=r"none\.mp4"):
            next(tracker.video("none.mp4"))
        with pytest.raises(ValueError, match="expected"):
            tracker.frame(np.zeros((4, 4), np.uint8), 0.0)
    with pytest.raises(ValueError, match="model"):
        palmistry.HandTracker("none")


@pytest.mark.slow
def test_the_example_script_plots_a_trajectory(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    script = ROOT / "docs" / "examples" / "plot_trajectory.py"
    out = tmp_path / "path.png"
    subprocess.run([sys.executable, str(script), "demo", str(out), "8"], cwd=tmp_path, check=True)
    assert out.read_bytes().startswith(b"\x89PNG")
