"""Where the parts of the window stand."""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QMainWindow, QVBoxLayout, QWidget


def lay_out(window: QMainWindow, view: QWidget, strip: QWidget, panel: QWidget, bar: QWidget) -> QHBoxLayout:
    """Put them into the window; the row of the picture and the panel."""
    left = QVBoxLayout()
    left.setSpacing(0)
    left.addWidget(view, 1)
    left.addWidget(strip)
    middle = QHBoxLayout()
    middle.setSpacing(0)
    middle.addLayout(left, 1)
    middle.addWidget(panel)
    root = QWidget()
    root.setObjectName("root")
    column = QVBoxLayout(root)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addLayout(middle, 1)
    column.addWidget(bar)
    window.setCentralWidget(root)
    return middle
