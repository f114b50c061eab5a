"""The panel's controls of one effect, made from what the effect declares of its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from app.effects.bracelet_file import BraceletFile
from app.effects.declaration import Choice, EffectType, Number, Toggle
from app.ui import controls, style
from app.ui.ring.bracelet import BraceletChoice

_STEPS = 100  # of a number's slider


class EffectControls(QWidget):
    """Shows one effect's settings and tells of every change, as a whole new value."""

    changed = pyqtSignal(object)  # of the effect's own type of settings
    told = pyqtSignal(object)  # Status

    def __init__(self, effect: EffectType[Any], settings: Any) -> None:
        """Raises TypeError for a setting whose control it can't show."""
        super().__init__()
        self._settings = settings
        self._shows: list[Callable[[Any], None]] = []
        self._reset: dict[str, str] = {}  # by the setting that is chosen, the file in its place
        self.bracelet: BraceletChoice | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(style.GAP)
        for name, control in effect.controls():
            match control:
                case Choice():
                    widget = self._choice(name, control)
                case Number():
                    widget = self._number(name, control)
                case Toggle():
                    widget = self._toggle(name, control)
                case BraceletFile():
                    widget = self._bracelet(name, control)
                case _:
                    raise TypeError(f"effect {effect.name}: no control for {type(control).__name__}")
            column.addWidget(widget)
        self.show_settings(settings)

    def show_settings(self, settings: Any) -> None:
        """Show these, without telling anybody."""
        self._settings = settings
        for show in self._shows:
            show(settings)

    def close_files(self) -> None:
        """The window is closing."""
        if self.bracelet is not None:
            self.bracelet.close_files()

    def _choice(self, name: str, control: Choice) -> QWidget:
        choice = controls.Choice(_tip(control))
        choice.fill(control.titles, getattr(self._settings, name))
        choice.chosen.connect(lambda value: self._set(name, value))
        self._shows.append(lambda settings: choice.choose(getattr(settings, name)))
        return controls.beside(control.label, choice)

    def _number(self, name: str, control: Number) -> QWidget:
        step = (control.high - control.low) / _STEPS
        slider = controls.Slider(0, _STEPS, None, _tip(control))
        text = controls.label("", "muted")

        def show(settings: Any) -> None:
            value = getattr(settings, name)
            slider.show_value(round((value - control.low) / step))
            text.setText(f"{value:.3g} {control.unit}".strip())

        slider.moved.connect(lambda steps: self._set(name, control.low + steps * step))
        self._shows.append(show)
        return controls.beside(control.label, slider, text)

    def _toggle(self, name: str, control: Toggle) -> QWidget:
        button = controls.button(control.label, _tip(control), "chip", checkable=True)
        button.clicked.connect(lambda on: self._set(name, on))
        self._shows.append(lambda settings: button.setChecked(getattr(settings, name)))
        return button

    def _bracelet(self, name: str, control: BraceletFile) -> QWidget:
        choice = self.bracelet = BraceletChoice(_tip(control), getattr(self._settings, name))
        choice.changed.connect(lambda own: self._set(name, own))
        choice.told.connect(self.told)
        self._shows.append(lambda settings: choice.show_own(getattr(settings, name)))
        self._reset[control.in_place_of] = name
        return controls.beside(control.label, choice)

    def _set(self, name: str, value: object) -> None:
        reset = {self._reset[name]: None} if name in self._reset else {}
        self.show_settings(replace(self._settings, **{name: value}, **reset))
        self.changed.emit(self._settings)


def _tip(control: Choice | Number | Toggle | BraceletFile) -> str:
    return control.help[:1].upper() + control.help[1:]
