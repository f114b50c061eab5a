"""An effect is one file: what it declares appears in the panel, on the command line and in what is saved."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from textwrap import dedent

import pytest

import app.effects
from app.commands.options import add_camera, add_look, add_model, settings_from
from app.effects import effect_names, effects, make_effect
from app.session import Settings

TOY = """
    '''A toy.'''

    from dataclasses import dataclass

    from app.effects.declaration import Choice, EffectType, Number, Toggle, setting


    SHAPES = {"cube": "A cube", "top": "A top"}


    @dataclass(frozen=True)
    class ToySettings:
        shape: str = setting("cube", Choice("toy_shape", "Shape", "what it is", SHAPES))
        size: float = setting(2.0, Number("toy_size", "Size", "how large it is", 1, 5, "cm"))
        spins: bool = setting(False, Toggle("toy_spins", "Spins", "whether it spins"))


    class Toy:
        def __init__(self, settings):
            self.settings = settings

        def place(self, context):
            return ()

        def readout(self):
            return (f"{self.settings.shape} of {self.settings.size} cm",)


    EFFECT = EffectType("spinning_toy", lambda settings, _: Toy(settings), ToySettings, order=85)
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The toy as the effects' folder's only new file."""
    (tmp_path / "toy_of_a_test.py").write_text(dedent(TOY))
    monkeypatch.setattr(app.effects, "__path__", [*app.effects.__path__, str(tmp_path)])
    effects.cache_clear()
    yield effects()["spinning_toy"]
    effects.cache_clear()


def given(*flags: str, settings: Settings | None = None) -> Settings:
    parser = argparse.ArgumentParser(exit_on_error=False)
    for add in (add_model, add_camera, add_look):
        add(parser)
    return settings_from(parser.parse_args(flags), settings or Settings())


def test_it_is_listed_in_its_order_and_made(toy):
    names = effect_names()
    assert names[names.index("spinning_toy") + 1] == "none"
    assert make_effect("spinning_toy").readout() == ("cube of 2.0 cm",)
    with pytest.raises(ValueError, match="expected ToySettings, got str"):
        make_effect("spinning_toy", "cube")


def test_the_command_line_takes_its_settings(toy):
    settings = given("--effect", "spinning_toy", "--toy-size", "4.5", "--toy-spins")
    assert settings.effect == "spinning_toy"
    assert settings.effects.of(toy) == toy.settings("cube", 4.5, True)
    assert given("--no-toy-spins", settings=settings).effects.of(toy).spins is False
    assert given().effect == "ring"
    assert given("--toy-shape", "top").effect == "spinning_toy"  # who shapes it wants it
    assert given("--toy-shape", "top", "--effect", "water").effect == "water"
    assert given("--toy-shape", "top", "--skin", "xray").effect == "skin"  # the first of the list
    for flags, words in (
        (("--toy-size", "6"), "expected 1 to 5 cm, got 6"),
        (("--toy-size", "big"), "expected a number, got 'big'"),
        (("--toy-shape", "ball"), "invalid choice: 'ball'"),
    ):
        with pytest.raises(argparse.ArgumentError, match=words):
            given(*flags)


def test_two_effects_can_not_have_a_key_in_common(toy, tmp_path):
    (tmp_path / "second_toy_of_a_test.py").write_text(
        dedent(TOY).replace("spinning_toy", "twin").replace("toy_spins", "skin")
    )
    effects.cache_clear()
    with pytest.raises(ValueError, match="two have the key skin, toy_shape, toy_size"):
        effects()


@pytest.fixture
def qt():
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    widgets = pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")
    return widgets.QApplication.instance() or widgets.QApplication([])


def test_the_panel_shows_its_settings(qt, toy):
    from PyQt6.QtWidgets import QPushButton

    from app.ui.controls import Choice, Slider
    from app.ui.panel import Panel

    changes = []
    panel = Panel(Settings(effect="spinning_toy"), ["fit"])
    panel.changed.connect(changes.append)
    assert "8   Spinning toy" in [panel._effect.itemText(i) for i in range(panel._effect.count())]
    controls = panel._own["spinning_toy"]
    assert controls.isVisibleTo(panel)
    (shape,), (size,), (spins,) = (controls.findChildren(kind) for kind in (Choice, Slider, QPushButton))
    assert [shape.itemText(i) for i in range(shape.count())] == ["A cube", "A top"]
    assert size._slider.toolTip() == "How large it is"
    shape.chosen.emit("top")
    size._slider.setValue(100)
    spins.click()
    assert changes[-1].effects.of(toy) == toy.settings("top", 5.0, True)
    panel.show_settings(replace(Settings(), effect="water"))
    assert not controls.isVisibleTo(panel)
    assert not spins.isChecked()  # as the new settings have it


def test_its_settings_are_saved(qt, toy, tmp_path):
    from PyQt6.QtCore import QSettings

    from app.ui.preferences import Preferences, load_preferences, save_preferences

    store = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    settings = given("--toy-shape", "top", "--toy-size", "3", "--skin", "depth")
    save_preferences(store, Preferences(settings))
    assert load_preferences(store, ()).settings.effects == settings.effects
    store.setValue("preferences", '{"toy_shape": "ball", "toy_size": 9, "toy_spins": 1, "skin": "clay"}')
    assert load_preferences(store, ()).settings.effects.of(toy) == toy.settings()
