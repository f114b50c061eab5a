"""The manners of MediaPipe's own detector, our baseline, and the bundle of its networks."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from models.inference.bundle import BUNDLE
from models.inference.landmark_runtime import NETWORK
from tests.paths import ROOT
from tools.build.detector import NETWORKS, write_bundle


def test_it_is_silent_from_the_first_picture_to_the_exit() -> None:
    """In a process of its own: native code logs past Python, once a process, and at exit."""
    program = (
        "import numpy as np, sys\n"
        "from models.inference.mediapipe.detector import MediaPipeDetector\n"
        "assert 'mediapipe' not in sys.modules, 'imported before it is wanted'\n"
        "d = MediaPipeDetector(max_hands=1)\n"
        "print(d.detect(np.zeros((48, 64, 3), np.uint8)))\n"
        "assert 'sounddevice' not in sys.modules, 'microphones are looked for by whoever records'\n"
        "print('still heard', file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "still heard\n")


def check_bundle(path: Path, names: list[str]) -> None:
    data = path.read_bytes()
    with zipfile.ZipFile(path) as bundle:
        assert bundle.namelist() == names
        for entry in bundle.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            head = entry.header_offset
            start = head + 30 + sum(int.from_bytes(data[head + k : head + k + 2], "little") for k in (26, 28))
            assert start % 4 == 0, "networks are mapped in place"
            assert data[start : start + entry.file_size] == bundle.read(entry)


def test_the_bundle_that_ships() -> None:
    check_bundle(BUNDLE, list(NETWORKS))
    assert NETWORK in NETWORKS
    assert "Apache License" in (BUNDLE.parent / "LICENSE").read_text()


@pytest.mark.parametrize("sizes", [(1, 2), (4, 4), (7, 1001)])
def test_a_bundle_is_the_same_each_time_and_aligned(tmp_path: Path, sizes: tuple[int, int]) -> None:
    networks = {f"{i}{'x' * n}.tflite": bytes([i]) * n for i, n in enumerate(sizes)}
    for name in ("a.task", "b.task"):
        write_bundle(tmp_path / name, networks)
    assert (tmp_path / "a.task").read_bytes() == (tmp_path / "b.task").read_bytes()
    check_bundle(tmp_path / "a.task", list(networks))
