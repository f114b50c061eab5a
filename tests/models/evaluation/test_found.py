"""The report of what is found: on tiny sets, with fake detectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.datasets.registry import read_set
from models.datasets.samples import Sample, SampleSet
from models.evaluation import found
from models.evaluation.found import Tally, found_markdown, judge_empty, judge_stills, judge_video, overlap

JOINTS = np.random.default_rng(0).uniform(20, 60, (21, 2)).astype(np.float32)


class Fake:
    """Finds a right hand at JOINTS, in every picture that isn't black."""

    def __init__(self, name: str) -> None:
        self.shift = 100 if name == "blind" else 0

    def find(self, image: np.ndarray) -> found.Hands:
        return [(JOINTS + self.shift, "right")] if image.any() else []

    def spent_ms(self, image: np.ndarray) -> float:
        return 2.0


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "_Finder", Fake)


def samples(handedness: str = "right") -> SampleSet:
    pictures = [np.full((90, 120, 3), value, np.uint8) for value in (0, 9, 200)]
    each = [Sample(str(k), p, handedness, None, JOINTS, None) for k, p in enumerate(pictures)]  # type: ignore[arg-type]
    return SampleSet("tiny", 3, lambda: iter(each))


def test_stills() -> None:
    tallies = judge_stills(samples(), ("good", "blind"))
    good, blind = (tallies[name].figures(True) for name in ("good", "blind"))
    assert good["found"] == pytest.approx(2 / 3)
    assert good["handedness"] == 1
    assert blind["found"] == 0
    assert blind["handedness"] is None
    assert judge_stills(samples("left"), ("good",))["good"].figures(True)["handedness"] == 0
    assert judge_stills(samples(), ("good",))["good"].figures(False)["handedness"] is None


def test_false_alarms_are_counted_in_what_no_training_saw(tmp_path: Path) -> None:
    for k in range(20):
        cv2.imwrite(str(tmp_path / f"{k:02}.png"), np.full((40, 50, 3), 255 * (k == 4), np.uint8))
    assert [p.name for p in found.pictures_without_hands(tmp_path)] == [
        f"{k:02}.png" for k in (0, 4, 8, 12, 16)
    ]
    figures = judge_empty(tmp_path, ("good",))["good"].figures(False)
    assert figures["false_per_1000"] == pytest.approx(200)
    with pytest.raises(ValueError, match="holds no JPEG or PNG"):
        judge_empty(tmp_path / "none", ("good",))


def test_a_video(monkeypatch: pytest.MonkeyPatch) -> None:
    def followed(of: SampleSet, name: str) -> Iterator[tuple[Sample, list, float]]:
        sides = [None, "right", "right", "left", "right", None, "right"]
        for k, side in enumerate(sides):
            sample = Sample(str(k), np.zeros((9, 9, 3), np.uint8), "right", None, None, None, time_s=k / 10)
            yield sample, [] if side is None else [(0 if k < 5 else 1, JOINTS, side)], 3.0

    monkeypatch.setattr(found, "_followed", followed)
    figures = judge_video(samples(), ("good",))["good"].figures(True)
    assert figures["found"] == pytest.approx(5 / 7)
    assert figures["first_s"] == pytest.approx(0.1)
    assert (figures["identities"], figures["flips"]) == (2, 2)
    assert figures["handedness"] == pytest.approx(4 / 5)


def test_overlap_and_table() -> None:
    low, size = JOINTS.min(0), np.ptp(JOINTS, axis=0)
    assert overlap(JOINTS, (low[0], low[1], size[0], size[1])) == pytest.approx(1, abs=1e-5)
    assert overlap(JOINTS, (200, 200, 10, 10)) == 0
    text = found_markdown("tiny", 3, {"a": Tally(hands=2, found=1).figures(True), "b": Tally().figures(True)})
    assert "| found, % | 50.0 | – |" in text


def test_closeups_are_read_and_refused_in_one_line(tmp_path: Path) -> None:
    entries = {"a.jpg": {"boxes": [[1, 2, 11, 22]]}, "b.jpg": {"boxes": [[1, 2, 3, 4], [5, 6, 7, 8]]}}
    (tmp_path / "boxes.json").write_text(json.dumps(entries))
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((30, 30, 3), np.uint8))
    read = read_set("closeups", tmp_path)
    (sample,) = read.read()
    assert sample.box_px == (1, 2, 10, 20)
    assert read.only_boxes
    for text in ("[]", "{", '{"a.jpg": {"boxes": [[5, 5, 1, 1]]}}', '{"a.jpg": {"boxes": 3}}', "{}"):
        (tmp_path / "boxes.json").write_text(text)
        with pytest.raises(ValueError, match=r"boxes\.json"):
            read_set("closeups", tmp_path)
