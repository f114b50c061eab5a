"""Pause and go on, from the window."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QWidget

from app.capture import CameraInfo
from app.ui.window import MainWindow
from tests.app.ui.test_window import application, has_picture, open_window, press  # noqa: F401
from tests.waiting import pump

DIRECT = Qt.FindChildOption.FindDirectChildrenOnly


def test_a_recording_is_paused_and_goes_on(
    open_window: Callable[..., MainWindow],  # noqa: F811
    tmp_path: Path,
) -> None:
    window = open_window()
    pump(has_picture(window))
    press(window, Qt.Key.Key_P)  # nothing is recorded yet
    assert not window.recording.paused
    assert window.bar._pause.isHidden()
    press(window, Qt.Key.Key_Space)
    assert window.bar._pause.isVisible()
    pump(lambda: (window.view._recording_s or 0) > 0.2)
    press(window, Qt.Key.Key_P)
    assert (window.bar._pause.text(), window.view._paused) == ("Go on", True)
    recorder = window.session._recorder
    assert recorder.paused
    window.bar._pause.click()
    assert (window.bar._pause.text(), window.view._paused, recorder.paused) == ("Pause", False, False)
    press(window, Qt.Key.Key_P)
    press(window, Qt.Key.Key_Space)  # it can be ended while it is paused
    pump(lambda: "Recorded" in window.strip.text)
    assert window.bar._pause.isHidden()
    assert not window.view._paused
    assert list(tmp_path.glob("Palmistry/*.mp4"))


def test_the_size_cannot_be_changed_while_it_is_recorded(
    open_window: Callable[..., MainWindow],  # noqa: F811
) -> None:
    window = open_window(source="0")
    pump(has_picture(window))
    pump(window.bar.camera.isVisible)
    press(window, Qt.Key.Key_Space)
    assert window.bar.camera.isHidden()
    window.bar.camera.show_camera(CameraInfo(0, "Fine Cam"), None)
    assert window.bar.camera.isHidden()
    press(window, Qt.Key.Key_Space)
    pump(window.bar.camera.isVisible)


def test_the_bar_has_room_in_the_smallest_window(
    open_window: Callable[..., MainWindow],  # noqa: F811
) -> None:
    """Nothing lies over anything else, whatever plays and is recorded."""
    window = open_window(source="0")
    pump(has_picture(window))
    window.resize(window.minimumSize())
    for _ in range(2):
        pump(window.bar.isVisible)
        row = [w for w in window.bar.findChildren(QWidget, options=DIRECT) if w.isVisible() and w.width()]
        edges = sorted((w.x(), w.x() + w.width()) for w in row)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(edges))
        press(window, Qt.Key.Key_Space)
