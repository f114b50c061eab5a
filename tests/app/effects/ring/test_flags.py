"""The flags that choose rings, as `process` and `live` take them."""

from __future__ import annotations

import argparse

import pytest

from app.effects import OwnRing, Placement, RingSettings
from app.effects.ring.flags import add_rings, rings_from
from app.effects.ring.memory import recall
from app.errors import UserError
from tests.app.effects.ring.ring_models import bare_ring


def rings(
    *flags: str, before: tuple[RingSettings, ...] = (RingSettings(),), tell=lambda line: None
) -> tuple[RingSettings, ...]:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_rings(parser)
    return rings_from(parser.parse_args(flags), before, tell)


def test_nothing_said_changes_nothing():
    before = (RingSettings(finger="thumb"), RingSettings(design="open"))
    assert rings(before=before) == before


def test_several_places_each_with_its_design():
    made = rings(
        "--ring-on", "index:middle,left-ring=solitaire, right-thumb:distal=open", "--metal", "silver"
    )
    assert [(r.finger, r.segment, r.hands, r.design) for r in made] == [
        ("index", "middle", "both", "plain"),
        ("ring", "proximal", "left", "solitaire"),
        ("thumb", "distal", "right", "open"),
    ]
    assert {r.metal for r in made} == {"silver"}


def test_one_finger_said_is_one_ring():
    before = (RingSettings(metal="platinum"), RingSettings(finger="index"))
    assert rings("--finger", "little", before=before) == (RingSettings("little", metal="platinum"),)


def test_sizes():
    assert rings("--ring-size", "US7")[0].size_mm == pytest.approx(17.32, abs=0.01)
    assert rings("--ring-size", "fit", before=(RingSettings(size_mm=16),))[0].size_mm is None


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--ring-on", "index,toe"), "expected one of thumb"),
        (("--ring-on", ""), "expected one of thumb"),
        (("--ring-on", "thumb:middle"), "thumb finger has"),
        (("--ring-on", "ring=heart"), "there is no 'heart'"),
        (("--ring-on", ",".join(["ring"] * 9)), "up to 8 rings, got 9"),
        (("--ring-size", "90mm"), "10 to 30 mm across, got 90"),
        (("--ring-size", "file"), "belongs to --ring FILE"),
        (("--ring-units", "mm"), "belongs to --ring FILE"),
        (("--ring-turn", "400"), "turn: expected -180 to 180, got 400"),
        (("--ring", "none.glb"), "does not exist"),
    ],
)
def test_what_no_hand_wears_is_one_line(flags, words):
    with pytest.raises(UserError, match=words) as caught:
        rings(*flags)
    assert "\n" not in str(caught.value)


def test_a_size_that_is_none_is_told_by_the_parser():
    with pytest.raises(argparse.ArgumentError, match="fit or file"):
        rings("--ring-size", "huge")


def test_a_file_is_worn_everywhere_and_its_placement_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("PALMISTRY_HOME", str(tmp_path / "home"))
    path = str(tmp_path / "ring.stl")
    bare_ring().export(path)
    flags = ("--ring-on", "index,ring", "--ring", path, "--ring-size", "file")
    told = []
    first, second = rings(*flags, "--ring-turn", "30", "--ring-flip", tell=told.append)
    assert isinstance(first.own, OwnRing)
    assert first.own is second.own
    assert first.size_mm == pytest.approx(17, abs=0.1)
    assert first.placement == Placement(turn_deg=30, flipped=True)
    assert told == ["ring.stl: taken as millimetres: inner diameter 17.0 mm (if not: --ring-units)"]
    assert recall(first.own.sha256).placement == first.placement
    again = rings("--ring", path, "--no-ring-flip", "--ring-units", "mm")
    assert again[0].placement == Placement(turn_deg=30)
    assert rings("--design", "twist", before=again)[0].own is None
