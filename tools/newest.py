"""Run the tests with the newest packages that the ranges allow; say what broke and what is newer than pinned.

    make test-newest

It runs in an environment of its own, which the make target sets up. Status 0 when all tests pass.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path

PINS = Path(__file__).resolve().parents[1] / "constraints.txt"
_PIN = re.compile(r"^([\w.-]+)==([^ ;]+)")
_BROKEN = re.compile(r"^(?:FAILED|ERROR) (\S+)")


def read_pins(text: str) -> dict[str, str]:
    """Package → pinned version, from a constraints file."""
    return {m[1].lower(): m[2] for line in text.splitlines() if (m := _PIN.match(line))}


def installed() -> dict[str, str]:
    """Package → version in this environment, without the build ("+cpu")."""
    return {
        re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower(): d.version.split("+")[0] for d in distributions()
    }


def drift(pins: dict[str, str], here: dict[str, str]) -> list[str]:
    """One line for each package that is here in another version than pinned, or not pinned at all."""
    tools_of_venv = {"pip", "setuptools", "wheel"}
    return [
        f"{name} {pins.get(name, 'not pinned')} -> {version}"
        for name, version in sorted(here.items())
        if pins.get(name) != version and name not in tools_of_venv
    ]


def broken(lines: Iterable[str]) -> list[str]:
    """The tests that failed, from pytest's short summary."""
    return [m[1] for line in lines if (m := _BROKEN.match(line))]


def main() -> int:
    command = [sys.executable, "-m", "pytest", "-n", "2", "-rfE", *sys.argv[1:]]
    run = subprocess.Popen(command, cwd=PINS.parent, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    lines = []
    for line in run.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    status = run.wait()
    newer = drift(read_pins(PINS.read_text("utf-8")), installed())
    print(f"\nOther than constraints.txt: {len(newer)} packages", *newer, sep="\n  ")
    failed = broken(lines)
    if status == 0:
        print("Nothing broke. `make lock` takes these versions over." if newer else "Nothing broke.")
    else:
        print(f"Broke (pytest's status {status}): {len(failed)} tests", *failed, sep="\n  ")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
