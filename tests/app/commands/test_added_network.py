"""A network is one file: put beside the others, it is listed, exported and trained, by its own objective."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file

from app.cli import main
from models.networks import systems
from models.networks.zoo import count_size, declared
from tests.app.commands.command_help import failing_line
from tests.models.datasets.tiny_sets import write_obman
from tests.models.networks import toy_network

TOY_MODULE = f"{systems.__name__}.toy"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A copy of the toy network, whose one file now lies among the systems."""
    (tmp_path / "code").mkdir()
    shutil.copy(toy_network.__file__, tmp_path / "code" / "toy.py")
    monkeypatch.setattr(systems, "__path__", [*systems.__path__, str(tmp_path / "code")])
    yield
    sys.modules.pop(TOY_MODULE, None)


@pytest.mark.usefixtures("toy")
def test_it_is_listed_with_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--no-latency", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])["models"]
    (row,) = (row for row in rows if row["name"] == "toy")
    assert (row["input"], row["weights"]) == ([64, 64], False)
    assert count_size("toy").mult_adds_m == pytest.approx(declared("toy").size.mult_adds_m, abs=0.051)


@pytest.mark.usefixtures("toy")
def test_it_is_exported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    graph = tmp_path / "toy.onnx"
    assert main(["export", "toy", "--untrained", "--out", str(graph), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["difference"] < 1e-4
    assert graph.is_file()


@pytest.mark.usefixtures("toy")
def test_it_is_trained_by_its_own_schedule_and_objective(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder, out = tmp_path / "set", tmp_path / "run"
    write_obman(folder, 4, split="train")
    write_obman(folder, 2, split="test")
    run = ["train", "toy", "--device", "cpu", "--no-synthetic"]
    data = ["--measured", f"obman:{folder}", "--validate", f"obman:{folder}"]
    assert main([*run, *data, "--out", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["steps"] == 1
    assert "mesh.weight" in load_file(report["weights"])
    assert "toy" in (out / "train.csv").read_text().splitlines()[0].split(",")


def test_without_its_file_it_is_unknown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "got 'toy'" in failing_line(capsys, "export", "toy", "--out", str(tmp_path / "toy.onnx"))
