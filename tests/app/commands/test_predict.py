"""`predict`: records that scripts rely on, lists of images, one line for bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app.cli import main
from app.commands import predict
from models.types import HandMesh
from tests.app.clips import numbered_picture
from tests.app.commands.command_help import failing_line
from tests.app.fakes import fake_hand


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(cv2.imencode(".png", numbered_picture(0, 64, 48))[1].tobytes())
    return path


class FakePredicting:
    """Stands for the pipeline in `predict`: remembers how it was asked."""

    asked: list[tuple[str, str | None, float]]

    def __init__(self, config: Any) -> None:
        self._side = config.handedness_lock

    def process(self, image_rgb: np.ndarray, time_s: float, camera: Any) -> Any:
        self.asked.append(("auto", self._side, camera.fx))
        return type("Result", (), {"hands": ()})()

    def predict_crop(self, image_rgb: np.ndarray, camera: Any, handedness: str) -> HandMesh:
        self.asked.append(("full", handedness, camera.fx))
        return fake_hand()

    def reset(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None, float]]:
    FakePredicting.asked = []
    monkeypatch.setattr(predict, "Pipeline", FakePredicting)
    return FakePredicting.asked


def test_predict_writes_one_record_per_image(image: Path, tmp_path: Path, asked: list) -> None:
    out = tmp_path / "new" / "out.json"
    full = ["--crop", "full", "--side", "left", "--intrinsics", "500,510,31,23", "--vertices"]
    assert main(["predict", str(image), str(image), "--out", str(out), *full]) == 0
    records = json.loads(out.read_text())
    assert [record["image"] for record in records] == [str(image)] * 2
    assert records[0]["intrinsics"] == [500, 510, 31, 23]
    (hand,) = records[0]["hands"]
    assert np.shape(hand["joints_2d_px"]) == (21, 2)
    assert np.shape(hand["joints_3d_m"]) == (21, 3)
    assert np.shape(hand["vertices_m"]) == (778, 3)
    assert np.shape(hand["root_m"]) == (3,)
    assert hand["side"] in ("left", "right")
    assert 0 <= hand["score"] <= 1
    assert asked == [("full", "left", 500.0)] * 2

    assert main(["predict", str(image), "--out", str(out)]) == 0
    focal = pytest.approx(0.5 * np.hypot(64, 48) / np.tan(np.radians(65 / 2)))
    expected = {"image": str(image), "intrinsics": [focal, focal, 31.5, 23.5], "hands": []}
    assert json.loads(out.read_text()) == [expected]
    assert [file.name for file in out.parent.iterdir()] == ["out.json"]


def test_predict_reads_a_list_with_what_is_known(image: Path, tmp_path: Path, asked: list) -> None:
    entries = [
        {"image": image.name, "intrinsics": [700, 700, 32, 24], "side": "left", "crop": "full"},
        {"image": str(image), "side": "right"},
        {"image": str(image), "intrinsics": None, "side": None, "crop": None},
    ]
    lines = tmp_path / "list.jsonl"
    text = "\n\n".join(json.dumps({**entry, "note": "a\u2028b"}, ensure_ascii=False) for entry in entries)
    lines.write_text(text, encoding="utf-8-sig")
    assert main(["predict", str(lines), "--out", str(tmp_path / "o.json"), "--fov", "90"]) == 0
    wide = 0.5 * np.hypot(64, 48)
    assert [question[:2] for question in asked] == [("full", "left"), ("auto", "right"), ("auto", None)]
    assert [question[2] for question in asked] == pytest.approx([700.0, wide, wide])
    assert json.loads((tmp_path / "o.json").read_text())[0]["image"] == image.name


def test_predict_refuses_bad_input(
    image: Path, tmp_path: Path, asked: list, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "none.jsonl").write_text("\n")
    for expected, line in {
        "line 1": "not json",
        "no image": '{"picture": "a.png"}',
        "not a path": '{"image": 5}',
        "got list": "[1]",
        "recursion": "[" * 100_000,
        "too long": json.dumps({"image": "a" * 1_000_000}),
        "focal lengths": json.dumps({"image": str(image), "intrinsics": [0, 1, 1, 1]}),
        "principal point": json.dumps({"image": str(image), "intrinsics": [500, 500, 1e9, 1]}),
        "got inf": json.dumps({"image": str(image), "intrinsics": [int("9" * 400), 500, 1, 1]}),
        "side must be": json.dumps({"image": str(image), "side": {}}),
        "four numbers": json.dumps({"image": str(image), "intrinsics": [1]}),
        "must be four": json.dumps({"image": str(image), "intrinsics": ["500", "500", "3", "3"]}),
    }.items():
        (tmp_path / "bad.jsonl").write_text(line)
        line = failing_line(capsys, "predict", tmp_path / "bad.jsonl", "--out", out)
        assert expected in line
        assert len(line) < 1000
    table: dict[str, tuple[object, ...]] = {
        "not an image": (image, tmp_path / "text.png", "--out", out),
        "does not exist": (image, tmp_path / "missing.png", "--out", out),
        "lists no image": (tmp_path / "none.jsonl", "--out", out),
        "missing.jsonl can't be read": (tmp_path / "missing.jsonl", "--out", out),
        "must end in .json": (image, "--out", tmp_path / "out.txt"),
        "can't be written": (image, "--out", image / "out.json"),
    }
    for expected, arguments in table.items():
        assert expected in failing_line(capsys, "predict", *arguments)
    assert not out.exists()
    assert not list(tmp_path.glob("*.partial*"))
    assert asked == [("auto", None, pytest.approx(asked[0][2]))]  # a missing image is said before any work
