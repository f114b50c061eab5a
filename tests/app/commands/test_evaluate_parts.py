"""`evaluate --shard`: the same report from parts as from one run; and what can't be, in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from app.commands import evaluate, evaluate_parts
from models.datasets.registry import read_set
from models.evaluation.benchmark import run
from models.evaluation.parts import joined, part_of, save_part
from tests.app.commands.command_help import failing_line
from tests.app.commands.test_evaluate import StandIn
from tests.models.datasets.tiny_sets import write_crops, write_freihand


class Wanders(StandIn):
    """Another hand in each picture, and in some none; the same whoever asks."""

    def still(self, image_rgb, camera, handedness):  # type: ignore[no-untyped-def]
        seed = int(image_rgb.astype(np.int64).sum() % 97) + len(self.name)
        found = super().still(image_rgb, camera, handedness)
        assert found is not None
        noise = np.random.default_rng(seed).normal(0, 2, (21, 2)).astype(np.float32)
        return None if seed % 11 == 0 else evaluate_parts_replace(found, noise)


def evaluate_parts_replace(found, noise):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(found, joints_2d_px=found.joints_2d_px + noise, presence=float(abs(noise[0, 0]) % 1))


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "make_predictor", Wanders)
    monkeypatch.setattr(evaluate_parts, "make_predictor", Wanders)
    monkeypatch.setattr(evaluate_parts, "STILLS", 3)


def test_shards_report_what_one_run_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_freihand(tmp_path / "hands", 7)
    write_crops(tmp_path / "crops", 40)
    command = ["evaluate", "--data", f"freihand:{tmp_path / 'hands'}", f"crops:{tmp_path / 'crops'}"]
    assert main([*command, "--out", str(tmp_path / "whole")]) == 0
    for k in (2, 3):
        assert main([*command, "--out", str(tmp_path / "parts"), "--shard", f"{k}/3"]) == 0
        assert "parts are missing yet" in capsys.readouterr().out
        assert not (tmp_path / "parts" / "report.md").exists()
    assert main([*command, "--out", str(tmp_path / "parts"), "--shard", "1/3"]) == 0
    for name in ("report.json", "report.md"):
        assert (tmp_path / "parts" / name).read_text() == (tmp_path / "whole" / name).read_text()

    part = next((tmp_path / "parts" / "parts").glob("*.npz"))
    before = part.stat().st_mtime_ns
    assert main([*command, "--out", str(tmp_path / "parts"), "--shard", "1/1"]) == 0
    assert part.stat().st_mtime_ns == before  # done already


def test_found_hands_are_a_part_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"samples": 3, "models": {"mobrecon_lm": {"found": 1.0}}}
    monkeypatch.setattr(evaluate_parts.Asked, "judge_found", lambda self, name, samples: entry)
    command = ["evaluate", "--data", f"found:none:{tmp_path}", "--out", str(tmp_path / "o")]
    monkeypatch.setattr(evaluate, "found_markdown", lambda name, samples, models: f"{name} {samples}\n")
    assert main([*command, "--shard", "1/2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["data"] == {"found:none": entry}


def test_what_was_answered_comes_back_as_it_was(tmp_path: Path) -> None:
    write_freihand(tmp_path / "set", 5)
    samples = read_set("freihand", tmp_path / "set")
    whole = run(samples, {"a": Wanders("a"), "bb": Wanders("bb")})
    for start, stop in ((0, 2), (2, 5)):
        part = run(part_of(samples, start, stop), {"a": Wanders("a"), "bb": Wanders("bb")})
        save_part(part, tmp_path / f"{start}.npz")
    again = joined(samples, [tmp_path / "0.npz", tmp_path / "2.npz"])
    for mine, theirs in zip(whole.truths, again.truths, strict=True):
        assert (mine.name, mine.handedness, mine.intrinsics) == (
            theirs.name,
            theirs.handedness,
            theirs.intrinsics,
        )
        assert np.array_equal(mine.joints_3d_m, theirs.joints_3d_m)  # type: ignore[arg-type]
    for name in whole.answers:
        for mine, theirs in zip(whole.answers[name], again.answers[name], strict=True):
            assert (mine is None) == (theirs is None)
            if mine is not None and theirs is not None:
                assert np.array_equal(mine.joints_m, theirs.joints_m)
                assert (mine.presence, mine.placed) == (theirs.presence, theirs.placed)
                assert mine.joints_m.dtype == theirs.joints_m.dtype
        assert whole.silhouettes[name] == again.silhouettes[name]
    (tmp_path / "2.npz").write_bytes(b"PK nonsense")
    with pytest.raises(ValueError, match=r"2\.npz is damaged"):
        joined(samples, [tmp_path / "0.npz", tmp_path / "2.npz"])


def test_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["evaluate", "--data", f"freihand:{write_freihand(tmp_path / 'set', 4)}"]
    table = {
        "need --out": ("--shard", "1/2"),
        "expected K/N": ("--shard", "3/2"),
        "leave one of them out": ("--shard", "1/2", "--ray", "local", "--out", tmp_path / "o"),
        "expected local, auto, HOST:PORT": ("--ray", "somewhere"),
    }
    for expected, more in table.items():
        assert expected in failing_line(capsys, *data, *more)
    assert main([*data, "--out", str(tmp_path / "o"), "--shard", "1/2"]) == 0
    capsys.readouterr()
    line = failing_line(capsys, *data, "--every", "2", "--out", tmp_path / "o", "--shard", "1/2")
    assert "another evaluation" in line
