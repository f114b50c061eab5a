"""The strip that says what is wrong and what to do, one line at a time."""

from __future__ import annotations

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy

from app.session import Status
from app.ui import style
from app.ui.controls import button, restyle

_INFO_MS = 6000
_RANK = {"info": 0, "warning": 1, "error": 2}


class StatusStrip(QFrame):
    """Shows the gravest of the topics' lines, the newest first; hidden while all is well."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("strip")
        self._lines: dict[str, Status] = {}
        self._text = QLabel()
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        close = button("✕", "Dismiss", "close")
        close.clicked.connect(self._dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(style.MARGIN - 4, 7, style.GAP, 7)
        row.addWidget(self._text, 1)
        row.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._forget_info)
        self.hide()

    @property
    def text(self) -> str:
        """The line that is shown; empty where there is none."""
        return "" if self.isHidden() else self._text.text()

    def show_status(self, status: Status) -> None:
        """Take in a line; an empty text withdraws its topic's."""
        self._lines.pop(status.topic, None)
        if status.text:
            self._lines[status.topic] = status
        if status.level == "info" and status.text:
            self._timer.start(_INFO_MS)
        self._refresh()

    def _refresh(self) -> None:
        if not self._lines:
            self.hide()
            return
        newest_first = reversed(self._lines.values())
        shown = max(newest_first, key=lambda status: _RANK[status.level])
        self._text.setText(shown.text)
        if self.property("level") != shown.level:
            self.setProperty("level", shown.level)
            restyle(self)
        self.show()

    def _forget_info(self) -> None:
        self._lines = {topic: line for topic, line in self._lines.items() if line.level != "info"}
        self._refresh()

    def _dismiss(self) -> None:
        self._lines.clear()
        self._refresh()
