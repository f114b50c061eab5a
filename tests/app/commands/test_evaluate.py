"""`evaluate`: what it prints and writes, and its one line for bad input. The models are stand-ins."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from app.commands import evaluate
from models.datasets.samples import Prediction
from models.geometry import project
from models.tracking.pipeline import DEFAULT_MODEL
from models.types import Camera, Handedness
from tests.models.datasets.tiny_sets import hand, write_crops, write_freihand


class StandIn:
    """Sees the same hand everywhere. MediaPipe's has no mesh."""

    def __init__(self, name: str) -> None:
        self.name = name

    def still(self, image_rgb: np.ndarray, camera: Camera, handedness: Handedness) -> Prediction | None:
        joints, vertices = hand()
        mesh = None if self.name == "mediapipe" else vertices.astype(np.float32)
        pixels = project(joints, camera).astype(np.float32)
        return Prediction(pixels, joints.astype(np.float32), mesh, placed=mesh is not None)

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "make_predictor", StandIn)


def test_evaluate_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_freihand(tmp_path / "hands", 3)
    write_crops(tmp_path / "crops", 40)
    out = tmp_path / "new" / "out"
    data = [f"freihand:{tmp_path / 'hands'}", f"crops:{tmp_path / 'crops'}"]
    assert main(["evaluate", "--data", *data, "--out", str(out), "--json"]) == 0
    printed = capsys.readouterr().out
    report = json.loads(printed.splitlines()[-1])
    assert list(report["data"]) == ["freihand", "crops"]
    assert report["data"]["freihand"]["samples"] == 3
    assert list(report["data"]["freihand"]["models"]) == [DEFAULT_MODEL, "mediapipe"]
    assert report["data"]["freihand"]["models"][DEFAULT_MODEL]["pa_mpjpe_mm"]["p95"] < 0.01
    assert report["data"]["crops"]["models"]["mediapipe"]["joints_2d_over_box"]["mean"] is not None
    assert json.loads((out / "report.json").read_text()) == report
    assert (out / "report.md").read_text() in printed
    files = {file.name for file in out.iterdir()}
    assert files == {
        "report.json", "report.md", "pck-freihand.png", "pck-crops.png", f"freihand-{DEFAULT_MODEL}.zip",
    }  # fmt: skip


def test_models_are_named_once_and_mediapipe_stands_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", f"freihand:{write_freihand(tmp_path, 2)}"]
    assert main(["evaluate", *data, "--model", "mediapipe,fit,fit", "--every", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])["data"]["freihand"]
    assert list(report["models"]) == ["fit", "mediapipe"]
    assert report["samples"] == 1


def test_without_matplotlib_all_but_the_plots_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    out = tmp_path / "out"
    data = f"freihand:{write_freihand(tmp_path / 'hands', 2)}"
    assert main(["evaluate", "--data", data, "--out", str(out)]) == 0
    assert "matplotlib" in capsys.readouterr().err
    assert {file.name for file in out.iterdir()} == {
        "report.json",
        "report.md",
        f"freihand-{DEFAULT_MODEL}.zip",
    }


def test_bad_input_says_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write_freihand(tmp_path / "good", 2)
    (tmp_path / "empty").mkdir()
    broken = write_freihand(tmp_path / "broken", 2)
    (broken / "evaluation" / "rgb" / "00000001.jpg").unlink()
    table: dict[str, tuple[object, ...]] = {
        "expected NAME:FOLDER": (good,),
        "NAME one of closeups, crops": (f"imagenet:{good}",),
        "is not a folder": (f"freihand:{tmp_path / 'nowhere'}",),
        "evaluation/rgb is missing": (f"freihand:{tmp_path / 'empty'}",),
        "00000001.jpg can't be read": (f"freihand:{broken}",),
        "given twice": (f"freihand:{good}", f"freihand:{good}"),
        "no model nonsense": (f"freihand:{good}", "--model", "fit,nonsense"),
        "from 1 up": (f"freihand:{good}", "--every", "0"),
        "can't be written": (f"freihand:{good}", "--out", good / "evaluation_K.json"),
        "--data": (),
    }
    for expected, arguments in table.items():
        data = ["--data"] if arguments else []
        assert main(["evaluate", *data, *map(str, arguments)]) == 2
        captured = capsys.readouterr()
        errors = [line for line in captured.err.splitlines() if " frames/s" not in line]
        assert captured.out == ""
        assert len(errors) == 1, captured.err
        assert expected in errors[0]


def test_a_network_that_is_not_run_in_bytes_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["evaluate", "--data", f"crops:{tmp_path}", "--engine", "openvino-int8"]
    assert main([*asked, "--model", "fit,mobrecon_lm"]) == 2
    assert "mobrecon_lm doesn't run in bytes" in capsys.readouterr().err


def test_a_recording_is_judged_beside_the_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["evaluate", "--data", f"freihand:{write_freihand(tmp_path / 'set', 2)}"]
    (tmp_path / "mine.jsonl").write_text('{"palmistry": 1}\n')
    assert main([*data, "--sidecar", str(tmp_path / "mine.jsonl"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])["data"]["freihand"]
    assert list(report["models"]) == [DEFAULT_MODEL, "mediapipe", "mine"]
    (tmp_path / "fit.jsonl").write_text('{"palmistry": 1}\n')
    (tmp_path / "other.jsonl").write_text("nonsense\n")
    for name, said in (("fit", "not as a model"), ("other", "not a sidecar"), ("none", "can't be read")):
        assert main([*data, "--sidecar", str(tmp_path / f"{name}.jsonl")]) == 2
        assert said in capsys.readouterr().err
