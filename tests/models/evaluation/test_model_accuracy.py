"""What `models` says of accuracy is what the shipped report measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.evaluation import accuracy as module
from models.evaluation.accuracy import accuracy

REPORT = {
    "data": {
        "stereo": {"models": {"fit": {"pa_mpjpe_mm": {"mean": 9.018, "median": 8.2}}}},
        "crops": {"models": {"fit": {"joints_2d_over_box": {"mean": 0.0179}}, "other": {}}},
    }
}


def test_the_report_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "accuracy.json"
    path.write_text(json.dumps(REPORT))
    monkeypatch.setattr(module, "REPORT", path)
    assert accuracy("fit") == {"pa_mpjpe_mm": 9.02, "joints_2d_percent": 1.79}
    assert accuracy("other") == accuracy("nobody") == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"data": 3}', "\x00"])
def test_an_unfit_report_says_nothing(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "accuracy.json"
    path.write_text(text)
    monkeypatch.setattr(module, "REPORT", path)
    assert accuracy("fit") == {}
    monkeypatch.setattr(module, "REPORT", tmp_path / "missing.json")
    assert accuracy("fit") == {}
