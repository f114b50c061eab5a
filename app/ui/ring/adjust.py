"""How a ring sits: along the finger, turned, larger, flipped; and what its file counts in."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from app.effects.ring.file import describe
from app.effects.ring.model import UNIT_WORDS
from app.effects.ring.settings import Placement, RingSettings
from app.ui import style
from app.ui.controls import Choice, Slider, beside, button, label
from app.ui.ring.parts import RingParts

TITLE_WIDTH = 46
_TENTHS = 10  # of a millimetre
_PERCENT = 100


class RingAdjust(QWidget):
    """Shows one ring's placement and tells of every change."""

    placed = pyqtSignal(object)  # Placement
    unit_chosen = pyqtSignal(str)  # of UNITS_M
    told = pyqtSignal(int, object)  # which ring of the file, and what its parts are, by their labels

    def __init__(self) -> None:
        super().__init__()
        self._placement = Placement()
        self._open = button("Adjust", "Move, turn or scale the ring on its finger", "chip", True)
        self._about = label("", "muted")
        self._about.setWordWrap(True)
        self._unit = Choice("What the ring's file counts in")
        self._along = Slider(-10 * _TENTHS, 10 * _TENTHS, None, "Along the finger")
        self._turn = Slider(-180, 180, None, "About the finger")
        self._scale = Slider(50, 200, None, "Larger or smaller than it fits")
        self._flip = button("Flip", "Fingertip side to the palm", "chip", True)
        self._parts = RingParts()
        self._unit_row = beside("Unit", self._unit, title_width=TITLE_WIDTH)
        self._sliders = QWidget()
        self._lay_out()
        self._open.clicked.connect(self._sliders.setVisible)
        self._unit.chosen.connect(self.unit_chosen)
        self._parts.told.connect(self.told)
        self._along.moved.connect(lambda value: self._place(along_mm=value / _TENTHS))
        self._turn.moved.connect(lambda value: self._place(turn_deg=float(value)))
        self._scale.moved.connect(lambda value: self._place(scale=value / _PERCENT))
        self._flip.clicked.connect(lambda on: self._place(flipped=on))
        self._sliders.hide()

    def show_ring(self, ring: RingSettings) -> None:
        """Show its placement, without telling anybody."""
        own = ring.own
        self._about.setVisible(own is not None)
        self._unit_row.setVisible(own is not None and own.model is not None)
        self._parts.show_parts(own)
        if own is not None:
            self._about.setText(describe(own))
            titles = {} if own.unit else {"": "No unit fits"}
            titles |= {unit: word.capitalize() for unit, word in UNIT_WORDS.items()}
            if own.guessed and own.unit:
                titles[own.unit] += " (guessed)"
            self._unit.fill(titles, own.unit or "")
        self._placement = ring.placement
        self._open.setText(_title(ring.placement))
        self._along.show_value(round(_TENTHS * ring.placement.along_mm))
        self._turn.show_value(round(ring.placement.turn_deg))
        self._scale.show_value(round(_PERCENT * ring.placement.scale))
        self._flip.setChecked(ring.placement.flipped)

    def _place(self, **changes: float | bool) -> None:
        self._placement = replace(self._placement, **changes)  # type: ignore[arg-type]
        self.placed.emit(self._placement)

    def _lay_out(self) -> None:
        sliders = QVBoxLayout(self._sliders)
        sliders.setContentsMargins(0, 0, 0, 0)
        sliders.setSpacing(4)
        for title, slider in (("Along", self._along), ("Turn", self._turn), ("Scale", self._scale)):
            sliders.addWidget(beside(title, slider, title_width=TITLE_WIDTH))
        sliders.addWidget(self._flip)
        sliders.addWidget(self._parts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(style.GAP)
        for widget in (self._about, self._unit_row, self._open, self._sliders):
            column.addWidget(widget)


def _title(placement: Placement) -> str:
    """Adjust, and what is adjusted, such as "Adjust · 1.5 mm · -20° · 110 % · flipped"."""
    p = placement
    parts = {
        f"{p.along_mm:.1f} mm": p.along_mm,
        f"{p.turn_deg:.0f}°": p.turn_deg,
        f"{_PERCENT * p.scale:.0f} %": p.scale != 1,
        "flipped": p.flipped,
    }
    return " · ".join(["Adjust", *(text for text, said in parts.items() if said)])
