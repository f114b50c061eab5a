"""`make test-newest` names what is newer than the pins and what broke; the pins are exact and portable."""

from __future__ import annotations

import re

import pytest

from tests.paths import ROOT
from tools.newest import broken, drift, installed, read_pins

REQUIREMENTS = ("requirements.txt", "tests/requirements.txt", "tools/requirements.txt")
PINS = (ROOT / "constraints.txt").read_text("utf-8")


def test_what_is_newer_is_told_and_builds_are_not() -> None:
    pins = read_pins("# how\ntorch==2.13.0\nnumpy==2.4.6 ; sys_platform == 'linux'\n    # via torch\n")
    here = {"torch": "2.13.0", "numpy": "2.5.0", "surprise": "1", "pip": "25"}
    assert drift(pins, here) == ["numpy 2.4.6 -> 2.5.0", "surprise not pinned -> 1"]
    assert all("+" not in version for version in installed().values())


def test_failed_tests_are_named() -> None:
    lines = ["..F\n", "FAILED tests/a.py::test_b[x] - assert 1 == 2\n", "ERROR tests/c.py\n", "1 failed\n"]
    assert broken(lines) == ["tests/a.py::test_b[x]", "tests/c.py"]


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_every_package_asked_for_is_pinned(file: str) -> None:
    asked = re.findall(r"^([\w-]+)[>=]", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    assert asked
    assert {name.lower() for name in asked} <= set(read_pins(PINS)), "run `make lock`"


def test_pins_are_exact_and_hold_on_any_machine() -> None:
    lines = [line for line in PINS.splitlines() if line and not line.lstrip().startswith("#")]
    exact = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; .+)?")  # no hash, no build such as +cpu, no address
    assert [line for line in lines if not exact.fullmatch(line)] == []
    assert "://" not in PINS
