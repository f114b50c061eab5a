"""The card that lists the keys."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QGridLayout, QWidget

from app.ui import style
from app.ui.controls import label

KEYS = (
    ("Space", "Record a video, or stop"),
    ("P", "Pause the recording, or go on"),
    ("S", "Snapshot"),
    ("M", "Mirror the picture"),
    ("1 – 9", "Choose the effect"),
    ("Tab", "Next model"),
    ("F", "Full screen"),
    ("H", "This list"),
    ("Esc", "Leave full screen, close this list"),
)


class HelpCard(QFrame):
    """Lies over the middle of its parent while it is shown."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("help")
        grid = QGridLayout(self)
        grid.setContentsMargins(28, 22, 28, 24)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(10)
        grid.addWidget(label("KEYS", "section"), 0, 0, 1, 2)
        for row, (key, action) in enumerate(KEYS, 1):
            name = label(key, "value")
            name.setStyleSheet("font-size: 13px;")
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(label(action, ""), row, 1)
        note = label("Drop a video to play it, or a photo to try things on.", "muted")
        grid.setRowMinimumHeight(len(KEYS) + 1, style.GAP)
        grid.addWidget(note, len(KEYS) + 2, 0, 1, 2)
        self.hide()

    def toggle(self) -> None:
        """Show or hide."""
        self.setVisible(not self.isVisible())
        self.centre()

    def centre(self) -> None:
        """Lie in the middle of the parent."""
        parent = self.parentWidget()
        if parent is not None:
            self.adjustSize()
            self.move((parent.width() - self.width()) // 2, (parent.height() - self.height()) // 2)
            self.raise_()
