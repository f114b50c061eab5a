"""A sheet: one task that takes the panel's place beside the picture until it is closed."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.session import Picture
from app.ui import style
from app.ui.controls import button, label

_WIDTH = 480


class Sheet(QFrame):
    """A title, a way out, and pages of which one is shown."""

    closed = pyqtSignal()

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setFixedWidth(_WIDTH)
        leave = button("✕", "Close · Esc", "close")
        leave.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.addWidget(label(title, "title"), 1)
        head.addWidget(leave)
        self._pages = QStackedWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(style.MARGIN, style.MARGIN - 4, style.MARGIN, style.MARGIN)
        column.setSpacing(style.GAP)
        column.addLayout(head)
        column.addWidget(self._pages, 1)

    def take_picture(self, picture: Picture) -> None:
        """The picture that is shown now; for sheets that look at it."""

    def stop(self) -> None:
        """End whatever runs; the sheet will not be shown again."""

    def add_page(self, *parts: QWidget | None) -> QWidget:
        """A page of these parts, from top to bottom; what follows None stays in sight at the foot."""
        foot_at = parts.index(None) if None in parts else len(parts)
        body = QWidget()
        body.setObjectName("panelBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(style.GAP + 4)
        for part in filter(None, parts[:foot_at]):
            column.addWidget(part)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        outer = QVBoxLayout(page)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(style.GAP + 4)
        outer.addWidget(scroll, 1)
        for part in filter(None, parts[foot_at:]):
            outer.addWidget(part)
        self._pages.addWidget(page)
        return page

    def show_page(self, page: QWidget) -> None:
        """Show one of the pages."""
        self._pages.setCurrentWidget(page)


def text(content: str, role: str = "", centred: bool = False) -> QLabel:
    """A paragraph in one of the style sheet's roles."""
    widget = label(content, role)
    widget.setWordWrap(True)
    if centred:
        widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return widget


def steps(lines: list[str]) -> QWidget:
    """Numbered instructions."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(style.GAP)
    for number, line in enumerate(lines, 1):
        row = QHBoxLayout()
        row.setSpacing(style.GAP + 4)
        badge = label(str(number), "badge")
        badge.setAlignment(Qt.AlignmentFlag.AlignCenter)
        badge.setFixedSize(24, 24)
        row.addWidget(badge, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(text(line), 1)
        column.addLayout(row)
    return holder


def in_a_row(*widgets: QWidget) -> QWidget:
    """Side by side, sharing the width."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(style.GAP)
    for widget in widgets:
        row.addWidget(widget, 1)
    return holder
