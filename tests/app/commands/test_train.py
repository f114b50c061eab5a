"""`train` as a user runs it: a few steps, its files, and what it says of bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from app.cli import main
from tests.app.commands.command_help import failing_line


@pytest.mark.slow
def test_two_steps_on_drawn_hands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights, checkpoint and curves are there."""
    length = ("--steps", "2", "--batch", "4", "--device", "cpu")
    assert main(["train", "mobrecon-ghost", *length, "--out", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["steps"] == 2
    assert load_file(report["weights"])
    assert {"best.safetensors", "last.safetensors", "checkpoint.pt", "validation.csv"} <= {
        path.name for path in tmp_path.iterdir()
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name a network"),
        (("--preview", "/proc/nowhere/sheet.png"), "/proc/nowhere"),
        (("nothing",), "'nothing'"),
        (("hamr", "--schedule", "nothing"), "landmark, landmark-steady"),
        (("hamr", "--schedule", "landmark", "--steps", "1", "--no-synthetic"), "nothing to learn from"),
        (("hamr", "--steps", "0"), "--steps"),
        (("hamr", "--minutes", "-1"), "--minutes"),
        (("hamr", "--steps", "2", "--minutes", "1"), "not allowed with"),
        (("hamr", "--steps", "1", "--device", "abacus"), "--device abacus"),
        (("hamr", "--steps", "1", "--real", "/nowhere"), "/nowhere"),
        (("hamr", "--steps", "1", "--start", "/nowhere.safetensors"), "/nowhere.safetensors"),
        (("hamr", "--steps", "1", "--validate", "crops:/nowhere"), "/nowhere"),
        (("hamr", "--steps", "1", "--validate", "nothing"), "NAME:FOLDER"),
        (("hamr", "--steps", "1", "--out", "/proc/nowhere"), "/proc/nowhere"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if "--out" not in arguments:
        arguments = (*arguments, "--out", str(tmp_path))
    assert words in failing_line(capsys, "train", *arguments)
