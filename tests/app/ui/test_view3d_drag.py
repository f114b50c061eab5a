"""The small 3D view under the mouse."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication

from app.session import VIEW3D, Settings
from app.ui.panel import Panel
from app.ui.view import PictureView

LEFT = Qt.MouseButton.LeftButton
NO_KEY = Qt.KeyboardModifier.NoModifier


@pytest.fixture(scope="module")
def application() -> QApplication:
    return QApplication.instance() or QApplication([])


@pytest.fixture
def view(application) -> PictureView:
    made = PictureView()
    made.resize(640, 480)
    made.set_picture(np.zeros((480, 640, 3), np.uint8), 0.0)
    return made


def drag(view: PictureView, *places: tuple[float, float]) -> list[tuple[float, float]]:
    """What is told of a drag along these places of the widget."""
    told: list[tuple[float, float]] = []
    view.corner_dragged.connect(lambda dx, dy: told.append((dx, dy)))
    kinds = [QEvent.Type.MouseButtonPress, *[QEvent.Type.MouseMove] * (len(places) - 1)]
    act = {QEvent.Type.MouseButtonPress: view.mousePressEvent, QEvent.Type.MouseMove: view.mouseMoveEvent}
    for kind, place in zip(kinds, places, strict=True):
        act[kind](QMouseEvent(kind, QPointF(*place), QPointF(*place), LEFT, LEFT, NO_KEY))
    view.mouseReleaseEvent(None)
    view.mouseMoveEvent(QMouseEvent(QEvent.Type.MouseMove, QPointF(1, 1), QPointF(1, 1), LEFT, LEFT, NO_KEY))
    return told


def test_a_drag_in_the_corner_is_told_by_shares_of_its_width(view):
    ((dx, dy), (back, _)) = drag(view, (560, 420), (583, 420), (560, 420))
    assert dx == pytest.approx(23 / 230)
    assert back == pytest.approx(-dx)
    assert dy == 0


def test_a_mirrored_picture_is_dragged_where_it_is_seen(view):
    view.set_mirrored(True)
    assert drag(view, (560, 420), (583, 420)) == []
    ((dx, dy),) = drag(view, (80, 420), (103, 443))
    assert (dx, dy) == pytest.approx((-0.1, 0.1))


def test_the_rest_of_the_picture_is_not_dragged(view):
    assert drag(view, (100, 100), (560, 420)) == []


def test_the_panel_turns_the_view_that_is_shown(application):
    panel = Panel(Settings(), ("fit",))
    told: list[Settings] = []
    panel.changed.connect(told.append)
    panel.turn_view(0.1, 0.1)
    assert told == []
    panel._overlays[VIEW3D].click()
    panel.turn_view(0.1, 0.0)
    assert told[-1].orbit == Settings().orbit.dragged(0.1, 0.0)
    assert VIEW3D in told[-1].overlays
