"""The small parts the panel and the bar are made of."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt6.QtCore import QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QStyleOptionComboBox,
    QWidget,
)

from app.ui import style

_ARROW = 17  # pixels from a choice's right edge to its arrow
_AROUND_TITLE = 52  # of a choice's width: the style sheet's padding, and the arrow


def label(text: str, role: str) -> QLabel:
    """A label in one of the style sheet's roles."""
    widget = QLabel(text)
    widget.setProperty("role", role)
    return widget


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again, after a property that it depends on has changed."""
    its_style = widget.style()
    if its_style is not None:
        its_style.unpolish(widget)
        its_style.polish(widget)


def beside(title: str, *widgets: QWidget, title_width: int = 0) -> QWidget:
    """A row: a muted title, at least so many pixels wide, then the widgets; the first takes the room."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(style.GAP)
    name = label(title, "muted")
    name.setMinimumWidth(title_width)
    row.addWidget(name)
    for index, widget in enumerate(widgets):
        row.addWidget(widget, 0 if index else 1)
    return holder


def rule() -> QFrame:
    """A thin line between two groups."""
    line = QFrame()
    line.setProperty("role", "line")
    line.setFixedHeight(1)
    return line


def button(text: str, tip: str, role: str = "", checkable: bool = False) -> QPushButton:
    """A button that never takes the keyboard away from the window's keys."""
    widget = QPushButton(text)
    widget.setToolTip(tip)
    widget.setCheckable(checkable)
    widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    widget.setProperty("role", role)
    widget.setCursor(Qt.CursorShape.PointingHandCursor)
    return widget


class Chips(QWidget):
    """A row of buttons of which one is chosen. Values are strings, shown by their titles."""

    chosen = pyqtSignal(str)

    def __init__(self, titles: Mapping[str, str], tip: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for value, title in titles.items():
            chip = button(title, tip, "chip", checkable=True)
            chip.clicked.connect(lambda _, value=value: self.chosen.emit(value))
            self._group.addButton(chip)
            self._buttons[value] = chip
            row.addWidget(chip, 1)

    def choose(self, value: str) -> None:
        """Show `value` as the chosen one, without telling anybody."""
        if value in self._buttons:
            self._buttons[value].setChecked(True)

    def set_enabled_values(self, values: frozenset[str]) -> None:
        """Grey out what can't be chosen now."""
        for value, chip in self._buttons.items():
            chip.setEnabled(value in values)


class Slider(QWidget):
    """A slider, with the names of its two ends where they have any."""

    moved = pyqtSignal(int)

    def __init__(self, low: int, high: int, ends: tuple[str, str] | None, tip: str) -> None:
        super().__init__()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(low, high)
        self._slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._slider.setMinimumHeight(20)
        self._slider.setToolTip(tip)
        self._slider.valueChanged.connect(self.moved)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(style.GAP)
        row.addWidget(self._slider, 1)
        for index, end in zip((0, 2), ends or (), strict=False):
            row.insertWidget(index, label(end, "muted"))

    def show_value(self, value: int) -> None:
        """Move to `value` without telling anybody."""
        self._slider.blockSignals(True)
        self._slider.setValue(value)
        self._slider.blockSignals(False)


class Choice(QComboBox):
    """A combo box of values (strings) with titles; leaves the keyboard to the window's keys."""

    chosen = pyqtSignal(str)
    about_to_open = pyqtSignal()

    def __init__(self, tip: str) -> None:
        super().__init__()
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)  # as wide as its place: a long title must not push others out
        self.activated.connect(lambda index: self.chosen.emit(self.itemData(index)))

    def fill(self, titles: Mapping[str, str], current: str) -> None:
        """Offer these, show `current`."""
        self.clear()
        for value, title in titles.items():
            self.addItem(title, value)
        self.choose(current)

    def choose(self, value: str) -> None:
        """Show `value` as the chosen one, without telling anybody."""
        self.setCurrentIndex(self.findData(value))

    def values(self) -> list[str]:
        """All that can be chosen."""
        return [self.itemData(index) for index in range(self.count())]

    def initStyleOption(self, option: QStyleOptionComboBox | None) -> None:
        super().initStyleOption(option)
        if option is not None:  # a title that is too long ends in dots, not in half a letter
            room = self.width() - _AROUND_TITLE
            option.currentText = self.fontMetrics().elidedText(
                option.currentText, Qt.TextElideMode.ElideRight, room
            )

    def showPopup(self) -> None:
        self.about_to_open.emit()
        view = self.view()
        if view is not None:  # the list shows whole titles, whatever the box has room for
            view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * style.MARGIN)
        super().showPopup()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(style.MUTED), 1.6))
        x, y = float(self.width() - _ARROW), self.height() / 2 - 1.5
        painter.drawPolyline(QPolygonF([QPointF(x - 4, y), QPointF(x, y + 4), QPointF(x + 4, y)]))
