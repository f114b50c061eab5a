"""A few damaged files of each kind; `make fuzz` tries hundreds."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.paths import ROOT

pytestmark = pytest.mark.fault


def test_damaged_files_are_refused_in_one_line_or_read() -> None:
    pytest.importorskip("PyQt6", reason="the window's settings are among the files")
    command = [sys.executable, "-m", "tests.fuzz.run", "--count", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PALMISTRY_HOME": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1200)
    last = done.stderr.strip().splitlines()[-1:]
    assert done.returncode == 0, f"{done.stdout}\nstatus {done.returncode}, last {last}"
