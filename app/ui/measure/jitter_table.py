"""The figures of a jitter test in the window: a row for each model, raw → filtered."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.jitter import JitterReport
from app.jitter.report import cell_text
from app.ui import style
from app.ui.controls import Chips, label
from app.ui.measure.jitter_plots import COLOURS

_MEASURES = {
    "per_frame2": "Acceleration / frame²",
    "per_s2": "Acceleration / s²",
    "highpass_rms": "High-pass RMS",
}
_DIGITS = {"per_frame2": 2, "per_s2": 0, "highpass_rms": 2}
_BLOCKS = (  # of columns: title, quantity, which axis
    (
        ("2D joints, px", "joints_2d_px", None),
        ("Joints, mm", "joints_3d_mm", None),
        ("Vertices, mm", "vertices_mm", None),
    ),
    (("Root x, mm", "root_mm", 0), ("Root y, mm", "root_mm", 1), ("Root z, mm", "root_mm", 2)),
)


class ResultTable(QWidget):
    """Acceleration per frame² or per s², or what the high-pass leaves; joints and vertices from the root."""

    def __init__(self) -> None:
        super().__init__()
        self._report: JitterReport | None = None
        self._measure = next(iter(_MEASURES))
        self._chips = Chips(_MEASURES, "Acceleration, or the RMS about an 11-frame moving mean")
        self._chips.choose(self._measure)
        self._chips.chosen.connect(self._choose)
        self._cells = QGridLayout()
        self._cells.setContentsMargins(0, 0, 0, 0)
        self._cells.setVerticalSpacing(4)
        for column in (1, 2, 3):
            self._cells.setColumnStretch(column, 1)
        column_of_all = QVBoxLayout(self)
        column_of_all.setContentsMargins(0, 0, 0, 0)
        column_of_all.setSpacing(style.GAP)
        column_of_all.addWidget(self._chips)
        column_of_all.addLayout(self._cells)

    def show_report(self, report: JitterReport) -> None:
        """Show the figures of another test."""
        self._report = report
        while (item := self._cells.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        row = 0
        for block in _BLOCKS:
            self._cells.setRowMinimumHeight(row, 28)
            for column, (title, _, _) in enumerate(block, 1):
                self._cells.addWidget(label(title, "muted"), row, column, Qt.AlignmentFlag.AlignBottom)
            for index, (name, model) in enumerate(report.models.items()):
                row += 1
                head = label(name, "")
                head.setStyleSheet(f"color: {COLOURS[index % len(COLOURS)]}; font-weight: 600;")
                self._cells.addWidget(head, row, 0)
                for column, (_, quantity, axis) in enumerate(block, 1):
                    key, digits = f"{quantity}_{self._measure}", _DIGITS[self._measure]
                    raw, filtered = (
                        cell_text(model.figures[kind][key], axis, digits) for kind in ("raw", "filtered")
                    )
                    self._cells.addWidget(
                        label(raw if raw == "–" else f"{raw} → {filtered}", ""), row, column
                    )
            row += 1

    def _choose(self, measure: str) -> None:
        self._measure = measure
        if self._report is not None:
            self.show_report(self._report)
