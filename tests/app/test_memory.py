"""Memory is given back to the system."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from app.session.memory import give_back


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library keeps memory in its own way")
def test_free_pages_between_used_ones_are_given_back():
    blocks = [b"x" * 3000 + bytes([i % 256]) for i in range(30_000)]
    kept = blocks[::50]
    del blocks
    before = resident_mb()
    give_back()
    assert before - resident_mb() > 40
    assert kept[1][-1] == 50


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    give_back()
