"""The program keeps to itself: no library in it reports to anybody."""

import os
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT


def test_openvino_reports_nothing_and_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    code = (
        "import main; main.prepare_process(); "
        "from models.inference.landmark_runtime import LandmarkRuntime; LandmarkRuntime()"
    )
    environment = os.environ | {"HOME": str(tmp_path)}
    environment.pop("CI", None)  # there it is quiet by itself
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, timeout=120)
    assert not (tmp_path / "intel").exists()
