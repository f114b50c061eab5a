"""The ring's part of the panel: rings added, changed, taken off; files worn without the window waiting."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from PyQt6.QtWidgets import QApplication

from app.effects import OwnRing, Placement, RingSettings
from app.effects.ring.control import RingList, rings_to_save, saved_rings
from app.effects.ring.designs import build_design
from app.effects.ring.memory import recall
from app.effects.ring.model import PartLabel
from app.errors import UserError
from app.output import save_png
from app.ui.controls import Choice
from app.ui.ring import files as ring_files
from app.ui.ring.controls import RingControls
from app.ui.ring.library import RingLibrary
from tests.waiting import AT_ONCE_S, PATIENCE_S, pump, took_s


@pytest.fixture(scope="module")
def application() -> QApplication:
    return QApplication.instance() or QApplication([])


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("PALMISTRY_HOME", str(tmp_path / "home"))


def own_ring(path: Path, unit: str | None = None, fits: object = None) -> OwnRing:
    return OwnRing(path, unit or "mm", unit is None, build_design("solitaire", 0.0085), "ab" * 32)


@pytest.fixture
def controls(application, monkeypatch):
    monkeypatch.setattr(ring_files, "load_own_ring", own_ring)
    widget = RingControls((RingSettings(),))
    widget.seen, widget.lines = [], []
    widget.changed.connect(widget.seen.append)
    widget.told.connect(widget.lines.append)
    yield widget
    widget.close_files()


def test_rings_are_added_on_free_fingers_changed_and_taken_off(controls):
    controls._add.click()
    controls._add.click()
    assert [r.finger for r in controls.seen[-1]] == ["ring", "little", "thumb"]
    controls._choose_finger("index")
    controls._hands.chosen.emit("left")
    controls._choose_design("eternity")
    controls._stone.chosen.emit("sapphire")
    controls._size.chosen.emit("17.32")
    ring = controls.seen[-1][2]
    assert (ring.finger, ring.hands, ring.design, ring.stone) == ("index", "left", "eternity", "sapphire")
    assert ring.size_mm == pytest.approx(17.32)
    assert "US 7" in controls._size.currentText()
    controls._pick("0")
    assert controls._finger._buttons["ring"].isChecked()
    assert not controls._stone_row.isVisibleTo(controls)
    controls._remove.click()
    assert [r.finger for r in controls.seen[-1]] == ["little", "index"]
    controls._remove.click()
    assert not controls._remove.isEnabled()


def test_how_a_ring_is_made_is_chosen_where_its_design_takes_it(controls):
    make = controls._make
    assert not make._cut_row.isVisibleTo(make)
    controls._choose_design("flat")
    assert make._band_rows[0].isVisibleTo(make)
    make._width._slider.setValue(62)
    make._thickness._slider.setValue(21)
    make._finish.chosen.emit("hammered")
    ring = controls.seen[-1][0]
    assert (ring.width_mm, ring.thickness_mm, ring.finish) == (6.2, 2.1, "hammered")
    controls._choose_design("solitaire")
    assert make._cut_row.isVisibleTo(make)
    make._cut.chosen.emit("pear")
    assert controls.seen[-1][0].cut == "pear"
    assert saved_rings(rings_to_save(controls.seen[-1])) == controls.seen[-1]


def test_a_library_shows_its_rings_and_one_click_wears_one(controls, monkeypatch, tmp_path):
    started = []
    monkeypatch.setattr(controls.library._drawing, "start", lambda *call: started.append(call))
    folder = tmp_path / "rings"
    controls.library.show_folder(folder)
    assert "can't be read" in controls.lines[-1].text
    folder.mkdir()
    controls.library.show_folder(folder)
    assert "holds no ring" in controls.lines[-1].text
    for name in ("b.glb", "a.stl", "note.txt"):
        (folder / name).write_text(name)
    controls.library.show_folder(folder)
    names = controls.library._list
    assert [names.item(k).text() for k in range(names.count())] == ["a", "b"]
    assert started[0][1][1:] == ["rings", str(folder)]
    cell, icon = names.visualItemRect(names.item(0)), names.iconSize()  # there is room before any is drawn
    assert cell.height() >= icon.height() + 15
    first, second = controls.library._thumbnails
    save_png(first.picture, np.full((8, 8, 3), 200, np.uint8))
    second.refused.write_text("b.glb can't be worn")
    controls.library._look()
    assert not names.item(0).icon().isNull()
    assert names.item(1).toolTip() == "b.glb can't be worn"
    names.itemClicked.emit(names.item(0))
    pump(lambda: controls.seen)
    assert controls.seen[-1][0].own.path == folder / "a.stl"
    again = RingLibrary()
    again.show_remembered()
    assert again._list.count() == 2


def test_a_thumb_has_two_segments(controls):
    controls._segment.chosen.emit("middle")
    controls._choose_finger("thumb")
    assert controls.seen[-1][0].segment == "proximal"
    assert not controls._segment._buttons["middle"].isEnabled()


def test_the_window_goes_on_while_a_file_is_read(controls, monkeypatch, tmp_path):
    go_on = threading.Event()

    def slowly(path: Path, unit: str | None = None, fits: object = None) -> OwnRing:
        go_on.wait(PATIENCE_S)
        return own_ring(path, unit)

    monkeypatch.setattr(ring_files, "load_own_ring", slowly)
    assert took_s(lambda: controls.wear_file(tmp_path / "my.glb")) < AT_ONCE_S
    assert not controls.seen  # what is worn stays until the file is read
    go_on.set()
    pump(lambda: controls.seen)
    assert controls.seen[-1][0].own.path.name == "my.glb"
    assert controls._design.currentText() == "my.glb"
    assert "taken as millimetres: inner diameter 17.0 mm" in controls.lines[-1].text
    assert controls._stone_row.isVisibleTo(controls)


def test_a_file_that_cant_be_worn_changes_nothing(controls, monkeypatch, tmp_path):
    def refuse(path: Path, unit: str | None = None, fits: object = None) -> OwnRing:
        raise UserError("my.glb is empty; export the ring again")

    monkeypatch.setattr(ring_files, "load_own_ring", refuse)
    controls.wear_file(tmp_path / "my.glb")
    pump(lambda: len(controls.lines) == 2)
    assert (controls.lines[-1].level, controls.lines[-1].text) == (
        "error",
        "my.glb is empty; export the ring again",
    )
    assert controls._rings == (RingSettings(),)


def test_what_a_part_is_and_which_ring_can_be_told(controls, monkeypatch, tmp_path):
    def read(path: Path, unit: str | None = None, fits: object = None) -> OwnRing:
        known = recall("ab" * 32)
        labels = [PartLabel(name, "file", known.kinds.get(name, "file")) for name in ("Shank", "Gems")]
        more = {"rings": ("his", "hers"), "picked": known.ring or 0, "labels": tuple(labels)}
        return replace(own_ring(path, unit), **more)

    monkeypatch.setattr(ring_files, "load_own_ring", read)
    controls.wear_file(tmp_path / "my.glb")
    pump(lambda: controls.seen)
    choices = controls._adjust._parts.findChildren(Choice)
    assert [choice.currentText() for choice in choices] == ["his", *["As in the file (guess)"] * 2]
    choices[2].chosen.emit("stone")
    pump(lambda: controls.seen[-1][0].own.labels[1].kind == "stone")
    choices[0].chosen.emit("1")
    pump(lambda: controls.seen[-1][0].own.picked == 1)
    assert recall("ab" * 32).kinds == {"Gems": "stone"}  # what was said of the parts stays
    shown = [
        choice
        for choice in controls._adjust._parts.findChildren(Choice)
        if choice.isVisibleTo(controls._adjust._parts)
    ]
    assert [choice.currentText() for choice in shown] == ["hers", "As in the file (guess)", "Stone"]
    controls._choose_design("plain")
    assert controls._adjust._parts.isHidden()


def test_a_placement_is_kept_and_comes_back_with_the_file(controls, tmp_path):
    controls.wear_file(tmp_path / "my.glb")
    pump(lambda: controls.seen)
    controls._adjust._turn._slider.setValue(35)
    controls._adjust._along._slider.setValue(-12)
    controls._adjust._flip.click()
    placement = controls.seen[-1][0].placement
    assert placement == Placement(along_mm=-1.2, turn_deg=35, flipped=True)
    assert controls._adjust._open.text() == "Adjust · -1.2 mm · 35° · flipped"
    controls._choose_design("plain")
    assert controls.seen[-1][0].placement == Placement()
    controls.wear_file(tmp_path / "my.glb")
    pump(lambda: controls.seen[-1][0].own)
    controls._adjust._scale._slider.setValue(120)
    controls.close_files()
    assert recall("ab" * 32).placement == Placement(scale=1.2)  # kept when the window closes


def test_the_unit_can_be_told(controls, tmp_path):
    controls.wear_file(tmp_path / "my.glb")
    pump(lambda: controls.seen)
    assert "guessed" in controls._adjust._unit.currentText()
    controls._adjust._unit.chosen.emit("in")
    pump(lambda: controls.seen[-1][0].own.unit == "in")
    assert not controls.seen[-1][0].own.guessed


def test_rings_are_saved_and_a_saved_file_is_read_again(application, monkeypatch, tmp_path):
    monkeypatch.setattr(ring_files, "load_own_ring", own_ring)
    rings = (
        RingSettings("index", "middle", design="signet", hands="left", size_mm=17.5),
        RingSettings(own=own_ring(tmp_path / "my.glb"), placement=Placement(scale=1.3)),
    )
    back = saved_rings(rings_to_save(rings))
    assert back[0] == rings[0]
    assert replace(back[1], own=None) == replace(rings[1], own=None)
    assert back[1].own.model is None
    widget = RingControls(back)
    pump(lambda: widget._rings[1].own.model is not None)
    widget.close_files()


@pytest.mark.parametrize(
    "saved", [None, 3, [], [3], [{"finger": "toe"}], [{"placement": {"scale": 99}}], [{"x": 1}]]
)
def test_damaged_rings_take_the_default(saved):
    assert RingList().from_saved(saved, (RingSettings(),)) == (RingSettings(),)
