"""How a ring is made: its finish, the cut of its stone, the band's width and thickness."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from app.effects.ring.cuts import CUTS
from app.effects.ring.designs import ring_designs
from app.effects.ring.finishes import FINISHES
from app.effects.ring.settings import THICKNESSES_MM, WIDTHS_MM, RingSettings
from app.ui import style
from app.ui.controls import Choice, Slider, beside
from app.ui.ring.adjust import TITLE_WIDTH

_TENTHS = 10  # of a millimetre
_USUAL_MM = (4.5, 1.8)  # shown where the design's own measures are taken


class RingMake(QWidget):
    """Shows one ring and tells of every change: a field of RingSettings and its new value."""

    changed = pyqtSignal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._finish = Choice("How the metal is worked")
        self._finish.fill({name: name.capitalize() for name in FINISHES}, "polished")
        self._cut = Choice("The cut of the stone")
        self._cut.fill({name: name.capitalize() for name in CUTS}, next(iter(CUTS)))
        self._width, self._thickness = (
            Slider(round(low * _TENTHS), round(high * _TENTHS), None, tip)
            for (low, high), tip in (
                (WIDTHS_MM, "Width of the band, along the finger"),
                (THICKNESSES_MM, "Thickness of the band"),
            )
        )
        self._cut_row = beside("Cut", self._cut, title_width=TITLE_WIDTH)
        self._band_rows = [
            beside("Width", self._width, title_width=TITLE_WIDTH),
            beside("Thick", self._thickness, title_width=TITLE_WIDTH),
        ]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(style.GAP)
        column.addWidget(beside("Finish", self._finish, title_width=TITLE_WIDTH))
        for row in (self._cut_row, *self._band_rows):
            column.addWidget(row)
        self._finish.chosen.connect(lambda name: self.changed.emit("finish", name))
        self._cut.chosen.connect(lambda name: self.changed.emit("cut", name))
        self._width.moved.connect(lambda value: self.changed.emit("width_mm", value / _TENTHS))
        self._thickness.moved.connect(lambda value: self.changed.emit("thickness_mm", value / _TENTHS))

    def show_ring(self, ring: RingSettings) -> None:
        """Show how it is made, without telling anybody."""
        design = None if ring.own is not None else ring_designs()[ring.design]
        self._finish.choose(ring.finish)
        self._cut.choose(ring.cut)
        self._cut_row.setVisible(design is not None and design.cuts)
        for row in self._band_rows:
            row.setVisible(design is not None and design.measures)
        self._width.show_value(round(_TENTHS * (ring.width_mm or _USUAL_MM[0])))
        self._thickness.show_value(round(_TENTHS * (ring.thickness_mm or _USUAL_MM[1])))
