"""A bracelet from a file, in the panel: worn once it is read, remembered, taken off by choosing a piece."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from PyQt6.QtWidgets import QApplication

from app.effects.catalog import saved_settings, settings_to_save
from app.effects.ring.designs import build_design
from app.effects.ring.file import WRIST
from app.effects.ring.model import OwnRing
from app.effects.wrist import EFFECT, WristEffect, WristSettings
from app.errors import UserError
from app.render.scene import EffectContext
from app.session import Settings
from app.ui.panel import Panel
from app.ui.ring import files as ring_files
from models.geometry import camera_from_fov
from tests.app.render.render_help import grey_frame, posed_hand
from tests.waiting import pump


def read(path: Path, unit: str | None, fits: object) -> OwnRing:
    if fits is not WRIST:
        raise UserError("read for a finger")
    if path.name == "bad.glb":
        raise UserError("bad.glb has no hole for a wrist")
    return OwnRing(path, "mm", True, build_design("solitaire", 0.0085), "ab" * 32)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Panel]]:
    """Panels, closed at the end."""
    application = QApplication.instance() or QApplication([])
    assert application is not None
    monkeypatch.setattr(ring_files, "load_own_ring", read)
    panels: list[Panel] = []
    yield panels
    for panel in panels:
        panel.close_files()


def panel_on(opened: list[Panel], worn: WristSettings, said: list[str]) -> Panel:
    settings = Settings(effect="wrist")
    opened.append(Panel(replace(settings, effects=settings.effects.with_(EFFECT, worn)), ["fit"]))
    opened[-1].told.connect(lambda status: said.append(status.text))
    return opened[-1]


def worn_in(panel: Panel) -> WristSettings:
    return panel.settings.effects.of(EFFECT)


def test_a_file_dropped_is_worn_and_a_piece_takes_its_place(opened: list[Panel], tmp_path: Path) -> None:
    said: list[str] = []
    panel = panel_on(opened, WristSettings("bangle"), said)
    panel.wear_file(tmp_path / "my.glb")
    pump(lambda: worn_in(panel).own)
    assert panel.settings.effect == "wrist"
    choice = panel._own["wrist"].bracelet
    assert choice is not None
    assert choice.currentText() == "my.glb"
    assert "taken as millimetres" in said[-1]
    panel._own["wrist"]._set("piece", "chain")
    assert worn_in(panel) == WristSettings("chain")
    assert choice.currentText() == "None"


def test_a_file_that_cannot_be_worn_is_told_and_changes_nothing(opened: list[Panel], tmp_path: Path) -> None:
    said: list[str] = []
    panel = panel_on(opened, WristSettings("bangle"), said)
    panel.wear_file(tmp_path / "bad.glb")
    pump(lambda: "no hole for a wrist" in said[-1])
    assert worn_in(panel) == WristSettings("bangle")


def test_it_is_remembered_and_read_again_at_the_next_start(opened: list[Panel], tmp_path: Path) -> None:
    before = Settings().effects.with_(
        EFFECT, WristSettings("bangle", own=read(tmp_path / "a.glb", None, WRIST))
    )
    saved = saved_settings(settings_to_save(before)).of(EFFECT)
    assert saved.own is not None
    assert (saved.piece, saved.own.path, saved.own.model) == ("bangle", tmp_path / "a.glb", None)
    camera = camera_from_fov(640, 480)
    context = EffectContext(grey_frame(camera), [posed_hand(camera)], camera, 0.0)
    assert WristEffect(saved).place(context) == []  # not worn until it is read
    panel = panel_on(opened, saved, [])
    pump(lambda: worn_in(panel).own is not None and worn_in(panel).own.model is not None)
    assert WristEffect(worn_in(panel)).place(context)


def test_a_remembered_file_that_is_gone_leaves_a_piece_of_ours(opened: list[Panel], tmp_path: Path) -> None:
    said: list[str] = []
    panel = panel_on(opened, WristSettings("bangle", own=OwnRing(tmp_path / "bad.glb")), said)
    pump(lambda: worn_in(panel).own is None)
    assert "no hole for a wrist" in said[-1]
