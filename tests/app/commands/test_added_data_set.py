"""A data set is one file: put beside the others, `evaluate` and `train` know it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.commands import evaluate
from models.datasets import sets
from tests.app.commands.command_help import failing_line
from tests.app.commands.test_evaluate import StandIn
from tests.models.datasets import toy_set
from tests.models.datasets.tiny_sets import hand, write_json

TOY_MODULE = f"{sets.__name__}.toy"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the toy set, whose one file now lies among the data sets."""
    (tmp_path / "code").mkdir()
    shutil.copy(toy_set.__file__, tmp_path / "code" / "toy.py")
    monkeypatch.setattr(sets, "__path__", [*sets.__path__, str(tmp_path / "code")])
    monkeypatch.setattr(evaluate, "make_predictor", StandIn)
    for split, count in (("evaluation", 3), ("training", 2)):
        (tmp_path / split).mkdir()
        write_json(tmp_path / split / "toy.json", [hand(k)[0].tolist() for k in range(count)])
    yield tmp_path
    sys.modules.pop(TOY_MODULE, None)


def test_it_is_evaluated_and_learnt_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = f"toy:{folder}"
    assert main(["evaluate", "--data", data, "--every", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["data"]["toy"]["samples"] == 2
    run = ["train", "mobrecon-ghost", "--steps", "1", "--batch", "2", "--device", "cpu", "--no-synthetic"]
    out = folder / "run"
    assert main([*run, "--measured", data, "--validate", data, "--out", str(out)]) == 0
    assert "1 steps" in capsys.readouterr().out
    assert "toy_pa_mm" in (out / "validation.csv").read_text()


@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_help_names_it(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "toy" in capsys.readouterr().out


def test_without_its_file_it_is_unknown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "NAME:FOLDER" in failing_line(capsys, "evaluate", "--data", f"toy:{tmp_path}")
    run = ("train", "mobrecon-ghost", "--steps", "1", "--no-synthetic", "--out", str(tmp_path))
    assert "got 'toy'" in failing_line(capsys, *run, "--measured", f"toy:{tmp_path}")
