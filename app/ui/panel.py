"""The narrow panel: Model · Effect · Overlays · Tracking · Measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.effects import RINGS, Rings, effect_names, effects
from app.effects.declaration import EffectType
from app.folders import file_stem
from app.measure.profiles import profile_names
from app.session import OVERLAYS, VIEW3D, Settings
from app.ui import style
from app.ui.controls import Chips, Choice, Slider, beside, button, label, rule
from app.ui.effect_controls import EffectControls
from app.ui.ring.controls import RingControls
from app.ui.sheets import SHEETS

SIDE_TITLES = {"": "Auto", "right": "Right", "left": "Left"}
MODEL_TITLES = {
    "fit": "Fit to MediaPipe's joints",
    "mobrecon_lm": "MobRecon LM",
    "mobrecon_lm_192": "MobRecon LM, faster",
    "mobrecon_mesh_lm": "MobRecon LM, own mesh",
    "tang_lm": "Tang LM",
    "tang_lm_192": "Tang LM, faster",
    "m3dhmr_lm": "M3DHMR LM",
    "hamr_lm": "HAMR LM",
}
VIEW3D_TITLE, VIEW3D_TIP = "3D", "Hand and camera from aside; drag the small view to look from elsewhere"
AHEAD_MS = 70.0
"""How far ahead hands are predicted for low latency: two frames of a common webcam."""
_LATENCY_TITLES = {"": "Exact", "ahead": "Low latency"}
_POWER_TITLES = {"": "Full", "saver": "Saver"}
_WIDTH = 296
_TITLE_WIDTH = 54  # of short titles, so that what stands beside them lines up


def title(name: str) -> str:
    """A name of the command line as people read it: walkie_talkie → Walkie talkie."""
    return name.replace("_", " ").capitalize()


class Panel(QFrame):
    """Shows the settings and tells of every change, as a whole new value."""

    changed = pyqtSignal(object)  # Settings
    hand_chosen = pyqtSignal(str)  # the name of a profile; empty for anyone's hand
    sheet_wanted = pyqtSignal(str)  # of app.ui.sheets.SHEETS
    told = pyqtSignal(object)  # Status

    def __init__(self, settings: Settings, models: Sequence[str]) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setFixedWidth(_WIDTH)
        self._settings = settings
        self._model = Choice("The network that finds the hand · Tab: next")
        self._effect = Choice("What is drawn on the hand · 1–9")
        self._effect.setMaxVisibleItems(12)
        self._said = label("", "muted")
        self._said.setWordWrap(True)
        self.ring = RingControls(settings.effects.of(RINGS).rings)
        self._own = {
            effect.name: EffectControls(effect, settings.effects.of(effect))
            for effect in effects().values()
            if effect is not RINGS and any(effect.controls())
        }
        self._overlays = {name: button(title(name), f"Draw the {name}", "chip", True) for name in OVERLAYS}
        self._overlays[VIEW3D].setText(VIEW3D_TITLE)
        self._overlays[VIEW3D].setToolTip(VIEW3D_TIP)
        self._smoothing = Slider(0, 100, ("Steady", "Responsive"), "Less jitter, or less delay")
        self._latency = Chips(
            _LATENCY_TITLES, "Draw on the frame the hand was found in, or on the newest, the hand predicted"
        )
        self._power = Chips(
            _POWER_TITLES,
            "Look at every frame, or save power while a hand holds still",
        )
        self._hand = Choice("Whose hand it is: its size decides size and depth of everything")
        self._hand.about_to_open.connect(lambda: self._show_hand(self._settings, afresh=True))
        self._hand.chosen.connect(self.hand_chosen)
        self._side = Chips(SIDE_TITLES, "Take every hand for a right or a left one")
        self._fov = Slider(40, 120, None, "The camera's field of view, corner to corner")
        self._fov_value = label("", "muted")
        self._depth = label("", "muted")
        self._depth.setWordWrap(True)
        self._fov_value.setMinimumWidth(28)
        self._fov_value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._model.fill({name: MODEL_TITLES.get(name, title(name)) for name in models}, settings.model)
        numbered = {e.name: f"{i}   {e.title}" for i, e in enumerate(effects().values(), 1)}
        self._effect.fill(numbered, settings.effect)
        self._lay_out()
        self._connect()
        self.show_settings(settings)

    @property
    def settings(self) -> Settings:
        """What is set now."""
        return self._settings

    def show_settings(self, settings: Settings) -> None:
        """Show other settings, without telling anybody."""
        self._settings = settings
        self._model.choose(settings.model)
        self._effect.choose(settings.effect)
        self.ring.setVisible(settings.effect == RINGS.name)
        self.ring.show_rings(settings.effects.of(RINGS).rings)
        for name, controls in self._own.items():
            controls.setVisible(settings.effect == name)
            controls.show_settings(settings.effects.of(effects()[name]))
        for name, chip in self._overlays.items():
            chip.setChecked(name in settings.overlays)
        self._smoothing.show_value(round(100 * (1.0 if settings.smoothing is None else settings.smoothing)))
        self._latency.choose("ahead" if settings.predict_ms > 0 else "")
        self._power.choose("saver" if settings.saver else "")
        self._show_hand(settings)
        self._side.choose(settings.handedness_lock or "")
        self._fov.show_value(round(settings.fov_used_deg))
        known = settings.intrinsics is not None or settings.calibrated
        self._fov.setEnabled(not known)
        self._fov_value.setText("known" if known else f"{settings.fov_used_deg:.0f}°")
        self._depth.setText(_depth_text(settings))
        self._depth.setToolTip(settings.depth_error.text())

    def show_readout(self, lines: Sequence[str]) -> None:
        """What the effect has measured; an empty list while no hand is found."""
        self.ring.show_readout(lines)
        text = "" if self._settings.effect == RINGS.name else "\n".join(lines)
        if text != self._said.text():
            self._said.setText(text)
        self._said.setVisible(bool(text))

    def next_model(self) -> None:
        """The next model of the list, the first after the last."""
        names = self._model.values()
        self._set(model=names[(names.index(self._settings.model) + 1) % len(names)])

    def wear_file(self, path: Path) -> None:
        """Wear the bracelet of a file where one is worn; else its ring, whatever was drawn so far."""
        worn = self._own.get(self._settings.effect)
        if worn is not None and worn.bracelet is not None:
            worn.bracelet.wear_file(path)
        else:
            self._set(effect=RINGS.name)
            self.ring.wear_file(path)

    def close_files(self) -> None:
        """The window is closing: nothing more is said of files that are being read."""
        self.ring.close_files()
        for controls in self._own.values():
            controls.close_files()

    def choose_effect(self, number: int) -> None:
        """The effect with this number, from 1; a number without one does nothing."""
        names = effect_names()
        if 1 <= number <= len(names):
            self._set(effect=names[number - 1])

    def turn_view(self, dx: float, dy: float) -> None:
        """Orbit the small 3D view, if it is shown, by a drag in fractions of its width."""
        if VIEW3D in self._settings.overlays:
            self._set(orbit=self._settings.orbit.dragged(dx, dy))

    def _connect(self) -> None:
        self._model.chosen.connect(lambda name: self._set(model=name))
        self._effect.chosen.connect(lambda name: self._set(effect=name))
        self.ring.changed.connect(lambda rings: self._set_effect(RINGS, Rings(rings)))
        self.ring.told.connect(self.told)
        for name, controls in self._own.items():
            controls.changed.connect(partial(self._set_effect, effects()[name]))
            controls.told.connect(self.told)
        for name, chip in self._overlays.items():
            chip.clicked.connect(partial(self._toggle_overlay, name))
        self._smoothing.moved.connect(lambda value: self._set(smoothing=value / 100))
        self._latency.chosen.connect(lambda choice: self._set(predict_ms=AHEAD_MS if choice else 0.0))
        self._power.chosen.connect(lambda choice: self._set(saver=bool(choice)))
        self._side.chosen.connect(lambda side: self._set(handedness_lock=side or None))
        self._fov.moved.connect(lambda value: self._set(fov_deg=float(value)))

    def _toggle_overlay(self, name: str, on: bool) -> None:
        overlays = self._settings.overlays
        self._set(overlays=overlays | {name} if on else overlays - {name})

    def _set_effect(self, effect: EffectType[Any], settings: object) -> None:
        self._set(effects=self._settings.effects.with_(effect, settings))

    def _set(self, **changes: object) -> None:
        self.show_settings(replace(self._settings, **changes))  # type: ignore[arg-type]
        self.changed.emit(self._settings)

    def _lay_out(self) -> None:
        overlays = QWidget()
        row = QHBoxLayout(overlays)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for chip in self._overlays.values():
            row.addWidget(chip, 3 + len(chip.text()))
        body = QWidget()
        body.setObjectName("panelBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(
            style.MARGIN, style.MARGIN, style.MARGIN - 6, style.MARGIN
        )  # a scroll bar's
        column.setSpacing(style.GAP)
        groups: list[tuple[str, list[QWidget]]] = [
            ("MODEL", [self._model]),
            ("EFFECT", [self._effect, self.ring, *self._own.values(), self._said]),
            ("OVERLAYS", [overlays]),
            (
                "TRACKING",
                [
                    self._smoothing,
                    beside("Drawing", self._latency, title_width=_TITLE_WIDTH),
                    beside("Power", self._power, title_width=_TITLE_WIDTH),
                    beside("Hand", self._side, title_width=_TITLE_WIDTH),
                    beside("Whose hand", self._hand),
                    beside("Field of view", self._fov, self._fov_value),
                    self._depth,
                ],
            ),
        ]
        for index, (name, widgets) in enumerate(groups):
            if index:
                column.addSpacing(4)
                column.addWidget(rule())
                column.addSpacing(4)
            column.addWidget(label(name, "section"))
            for widget in widgets:
                column.addWidget(widget)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll, 1)
        outer.addWidget(rule())
        outer.addWidget(self._measure())

    def _show_hand(self, settings: Settings, afresh: bool = False) -> None:
        """Show whose hand it is; look for the profiles there are where that is needed."""
        name = file_stem(settings.profile.name) if settings.profile else ""
        if afresh or name not in self._hand.values():
            known = dict.fromkeys(filter(None, [*profile_names(), name]))
            self._hand.fill({"": "Anyone's", **{each: each for each in known}}, name)
        self._hand.choose(name)

    def _measure(self) -> QWidget:
        """What opens sheets; always in sight below the rest."""
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(style.MARGIN, style.GAP, style.MARGIN, style.GAP)
        row.setSpacing(4)
        for name, sheet_title in SHEETS.items():
            opener = button(sheet_title, f"Measure: {sheet_title.lower()}", "chip")
            opener.clicked.connect(partial(self.sheet_wanted.emit, name))
            row.addWidget(opener, 1)
        return holder


def _depth_text(settings: Settings) -> str:
    """How far off depth may be, and what would better it."""
    camera = settings.calibrated or settings.intrinsics is not None
    hand = settings.profile is not None and settings.profile.measured
    missing = " and ".join([*([] if camera else ["camera"]), *([] if hand else ["hand"])])
    advice = f" · measure {missing}" if missing else ""
    return f"Depth ± {100 * settings.depth_error.total:.2g} %{advice}"
