"""Hand profiles are kept by name, come back as they were, and are checked as outside input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import build_parser
from app.commands.options import settings_from
from app.errors import UserError
from app.measure.profiles import load_profile, profile_names, save_profile
from app.session import Settings
from app.session.finder import pipeline_config
from models.hand.hand_data import load_open_hand
from models.hand.profile import HandProfile, palm_breadth_m, personal_hand
from tests.app.commands.command_help import failing_line

ANNA = HandProfile("Anna", (0.1,) * 10, 1.05, True)


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PALMISTRY_HOME", str(tmp_path))


def test_a_profile_comes_back_and_is_used() -> None:
    assert profile_names() == ()
    save_profile(ANNA)
    assert profile_names() == ("Anna",)
    assert load_profile("Anna") == ANNA
    arguments = build_parser().parse_args(["process", "demo", "--out", "x.mp4", "--hand", "Anna"])
    settings = settings_from(arguments, Settings())
    assert pipeline_config(settings).profile == ANNA


def test_a_palm_measured_with_a_ruler_gives_the_size() -> None:
    save_profile(ANNA)
    for given, betas in (([], (0.0,) * 10), (["--hand", "Anna"], ANNA.betas)):
        arguments = build_parser().parse_args(["process", "demo", "--out", "x.mp4", "--palm", "78", *given])
        profile = pipeline_config(settings_from(arguments, Settings())).profile
        assert profile is not None
        assert profile.measured
        assert profile.betas == betas
        assert palm_breadth_m(personal_hand(load_open_hand(), profile)) == pytest.approx(0.078, rel=1e-4)


@pytest.mark.parametrize("palm", ["8", "800", "nan"])
def test_a_palm_that_is_none_ends_in_one_line(
    palm: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = failing_line(capsys, "process", "demo", "--out", tmp_path / "x.mp4", "--palm", palm)
    assert "is no hand's; expected 55 to 115 mm" in line


def test_an_unknown_name_lists_the_known_ones(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    save_profile(ANNA)
    line = failing_line(capsys, "process", "demo", "--out", tmp_path / "x.mp4", "--hand", "../etc/passwd")
    assert "there are: Anna" in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "other"}, "not a hand profile"),
        ({"betas": None}, "expected numbers"),
        ({"betas": [1, 2]}, "expected 10 betas"),
        ({"betas": ["a"] * 10}, "expected numbers"),
        ({"betas": [1e9] * 10}, "within ± 5"),
        ({"betas": [float("nan")] * 10}, "within ± 5"),
        ({"scale": True}, "expected numbers"),
        ({"scale": 20}, "scale of 0.5"),
        ({"scale": 10**400}, "can't be a hand's"),
    ],
)
def test_damaged_files_end_in_one_line(changes: dict[str, object], said: str) -> None:
    path = save_profile(ANNA)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(UserError, match=said):
        load_profile("Anna")
    path.write_text("[" * 1000)
    with pytest.raises(UserError, match="not a hand profile"):
        load_profile("Anna")
