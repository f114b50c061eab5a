"""Preferences come back as they were saved; what is damaged becomes the default."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")
from PyQt6.QtCore import QSettings

from app.session import Settings
from app.ui import window as window_module
from app.ui.preferences import Preferences, load_preferences, save_preferences
from models.tracking.pipeline import MODELS


@pytest.mark.fault
@pytest.mark.parametrize(
    "saved",
    [
        "not json",
        "[1, 2]",
        json.dumps({"model": 7, "overlays": "mesh", "smoothing": "x", "fov_deg": 1e9, "mirror_file": 3}),
        json.dumps({"finger": "thumb", "segment": "middle", "effect": "gone", "side_lock": "up"}),
        json.dumps({"smoothing": float("nan"), "fov_deg": True}),
    ],
)
def test_damaged_settings_become_the_defaults(tmp_path: Path, saved: str) -> None:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    store.setValue("preferences", saved)
    assert load_preferences(store, MODELS) == Preferences()


@pytest.mark.fault
def test_a_damaged_settings_file_becomes_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "settings.ini").write_bytes(b"\x00\xff[[[nonsense\npreferences=@Variant(\x00)\ngeometry=7")
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    assert load_preferences(store, MODELS) == Preferences()
    assert window_module.load_geometry(store) is None


@pytest.mark.parametrize(
    ("saved", "known"),
    [
        ({"fov_deg": 65.0}, None),  # older versions saved what was assumed
        ({"fov_deg": 78.0}, 78.0),
        ({"fov_deg": 65.0, "fov_stated": True}, 65.0),
        ({"fov_deg": 65.0, "fov_stated": False}, None),
    ],
)
def test_a_field_of_view_is_remembered_if_it_was_stated(tmp_path: Path, saved: dict, known: object) -> None:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    store.setValue("preferences", json.dumps(saved))
    preferences = load_preferences(store, MODELS)
    assert preferences.settings.fov_deg == known
    save_preferences(store, preferences)
    assert load_preferences(store, MODELS) == preferences


def test_preferences_survive_saving(tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    kept = Preferences(
        replace(
            Settings(),
            effect="none",
            handedness_lock="left",
            saver=True,
            fov_deg=90.0,
            overlays=frozenset({"joints"}),
        ),
        mirror_camera=False,
        mirror_file=True,
    )
    save_preferences(store, kept)
    store.sync()
    again = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    assert load_preferences(again, MODELS) == kept
