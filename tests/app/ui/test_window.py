"""The window: it starts, its keys act, it remembers, and it never waits for anything slow."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import trimesh

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from PyQt6.QtCore import QMimeData, QPointF, QSettings, QStandardPaths, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from app.capture import CameraMode
from app.effects import RINGS, Rings
from app.session import Session, Settings, Status, session
from app.ui import window as window_module
from app.ui.preferences import Preferences, load_preferences
from app.ui.style import style_sheet
from app.ui.window import MainWindow
from models.tracking.pipeline import DEFAULT_MODEL, MODELS, PipelineConfig
from tests.app.fakes import FakeCompositor, FakePipeline, ticking_frames
from tests.waiting import AT_ONCE_S, pump, took_s

OTHER = MODELS[(MODELS.index(DEFAULT_MODEL) + 1) % len(MODELS)]  # what the Tab key goes on to


@pytest.fixture(scope="module")
def application() -> QApplication:
    instance = QApplication.instance() or QApplication([])
    instance.setStyle("Fusion")
    instance.setStyleSheet(style_sheet())
    return instance


@pytest.fixture
def open_window(
    application: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., MainWindow]]:
    """Opens windows on fake parts, files going to the test's own folder; closes them."""
    monkeypatch.setattr(window_module, "list_cameras", lambda named: ())
    monkeypatch.setattr(QStandardPaths, "writableLocation", staticmethod(lambda place: str(tmp_path)))
    windows: list[MainWindow] = []
    before = set(threading.enumerate())

    def make(
        source: str | None = "clip.mp4",
        pipeline: FakePipeline | None = None,
        compositor: FakeCompositor | None = None,
        preferences: Preferences | None = None,
        missing: str = "",
        camera: CameraMode | None = None,
    ) -> MainWindow:
        """missing: a model that can't be loaded."""
        monkeypatch.setattr(session, "live_frames", ticking_frames(100))

        def load(config: PipelineConfig) -> FakePipeline:
            if config.model == missing:
                raise FileNotFoundError("weights are missing")
            return pipeline or FakePipeline()

        def make_session(settings: Settings, listener: object) -> Session:
            return Session(
                settings,
                listener,
                make_pipeline=load,
                make_compositor=lambda: compositor or FakeCompositor(),
            )

        store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
        shown = preferences or load_preferences(store, MODELS)
        windows.append(MainWindow(shown, store, MODELS, source, make_session, camera))
        windows[-1].show()
        return windows[-1]

    yield make
    for window in windows:
        window.close()
    assert set(threading.enumerate()) <= before


def has_picture(window: MainWindow) -> Callable[[], bool]:
    return lambda: window.view._image_rgb is not None


def press(window: MainWindow, key: Qt.Key) -> None:
    QTest.keyClick(window, key)
    QApplication.processEvents()


def test_it_shows_pictures_and_figures(open_window: Callable[..., MainWindow]) -> None:
    window = open_window()
    pump(has_picture(window))
    pump(lambda: "fps" in window.bar._hud.text())
    window.resize(1600, 700)  # a narrow window leaves the last ones out
    pump(lambda: all(word in window.bar._hud.text() for word in ("delay", "dropped", "% CPU", "MB")))
    assert window.bar._source.currentText() == "clip.mp4"
    assert window.strip.text == ""


def test_without_a_camera_it_says_that_the_demo_plays(open_window: Callable[..., MainWindow]) -> None:
    window = open_window(source=None)
    pump(lambda: "No camera found" in window.strip.text)
    assert window.bar._source.currentText() == "Demo clip"


def test_keys(open_window: Callable[..., MainWindow], tmp_path: Path) -> None:
    window = open_window()
    pump(has_picture(window))
    press(window, Qt.Key.Key_8)
    assert window.panel.settings.effect == "none"
    assert window.session.settings.effect == "none"
    press(window, Qt.Key.Key_9)
    assert window.panel.settings.effect == "wrist"
    default, seen = window.session.settings.model, []
    for _ in MODELS:
        press(window, Qt.Key.Key_Tab)
        seen.append(window.session.settings.model)
    assert sorted(seen) == sorted(MODELS)
    assert seen[-1] == default
    assert not window.view._mirrored
    press(window, Qt.Key.Key_M)
    assert window.view._mirrored
    press(window, Qt.Key.Key_H)
    assert window.help.isVisible()
    press(window, Qt.Key.Key_Escape)
    assert not window.help.isVisible()
    press(window, Qt.Key.Key_F)
    assert window.isFullScreen()
    assert not window.panel.isVisible()
    press(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert window.panel.isVisible()
    press(window, Qt.Key.Key_S)
    pump(lambda: list(tmp_path.glob("Palmistry/*.png")))
    pump(lambda: "Snapshot saved" in window.strip.text)


@pytest.mark.fault
def test_a_model_that_cannot_be_loaded_gives_the_panel_back(open_window: Callable[..., MainWindow]) -> None:
    """What the panel and the bar name is what runs."""

    window = open_window(missing=OTHER)
    pump(lambda: window.session._picture and window.session._picture.hands)
    before = window.session.settings
    press(window, Qt.Key.Key_Tab)
    assert window.session.settings.model == OTHER
    pump(lambda: "weights are missing" in window.strip.text)
    pump(lambda: window.session.settings == before)
    assert window.panel.settings == before


def test_recording_shows_its_time_and_where_it_went(
    open_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    window = open_window()
    pump(has_picture(window))
    press(window, Qt.Key.Key_Space)
    pump(lambda: (window.view._recording_s or 0) > 0.3)
    assert window.bar._record.text() == "Stop"
    press(window, Qt.Key.Key_Space)
    pump(lambda: "Recorded" in window.strip.text)
    (video,) = tmp_path.glob("Palmistry/*.mp4")
    assert str(video) in window.strip.text
    assert window.view._recording_s is None
    assert window.bar._record.text() == "Record"


@pytest.mark.fault
def test_a_recording_that_fails_says_why(open_window: Callable[..., MainWindow], tmp_path: Path) -> None:
    window = open_window()
    pump(has_picture(window))
    (tmp_path / "file").touch()
    window.recording.start(tmp_path / "file" / "a.mp4")
    pump(lambda: "can't be written" in window.strip.text)
    assert window.bar._record.text() == "Record"


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ring.stl", "has no hole for a finger"),
        ("stl_named.FBX", "has no hole for a finger"),
        ("ring.FBX", "an FBX file"),
    ],
)
def test_a_model_dropped_is_worn_or_refused(
    open_window: Callable[..., MainWindow], tmp_path: Path, name: str, words: str
) -> None:
    window = open_window()
    window.panel.choose_effect(2)
    if "FBX" in words:
        (tmp_path / name).write_bytes(b"Kaydara FBX Binary  \0")
    else:
        trimesh.creation.box().export(tmp_path / name, file_type="stl")
    drop(window, tmp_path / name)
    pump(lambda: words in window.strip.text)
    assert window.session.settings.effect == "ring"
    assert window.session.settings.effects.of(RINGS) == Rings()


def test_a_file_dropped_is_played(open_window: Callable[..., MainWindow], tmp_path: Path) -> None:
    window = open_window(source="0")
    pump(has_picture(window))
    assert window.view._mirrored  # a camera, as in a mirror
    drop(window, tmp_path / "dropped.mp4")
    pump(lambda: window.bar._source.currentText() == "dropped.mp4")
    assert not window.view._mirrored  # a file, as it is


def test_settings_are_kept(open_window: Callable[..., MainWindow]) -> None:
    first = open_window()
    pump(has_picture(first))
    first.panel.ring._choose_finger("thumb")
    first.panel._toggle_overlay("mesh", True)
    first.panel._smoothing._slider.setValue(80)
    first.panel._latency.chosen.emit("ahead")
    press(first, Qt.Key.Key_M)
    first.close()
    second = open_window()
    settings = second.session.settings
    assert settings.effects.of(RINGS).rings[0].finger == "thumb"
    assert (settings.overlays, settings.smoothing) == ({"mesh"}, 0.8)
    assert settings.predict_ms == 70
    assert second.view._mirrored
    assert second.panel.ring._finger._buttons["thumb"].isChecked()
    assert not second.panel.ring._segment._buttons["middle"].isEnabled()  # a thumb has two segments


def test_it_never_waits_for_slow_parts(open_window: Callable[..., MainWindow]) -> None:
    """All of this is done while the model and the drawing are held up."""
    model, drawing, goes_on = FakePipeline(), FakeCompositor(), threading.Event()
    window = open_window(pipeline=model, compositor=drawing)
    pump(has_picture(window))
    drawing.hold = goes_on  # first: it gets no picture from a model that is held up
    pump(lambda: drawing.held)
    model.hold = goes_on
    pump(lambda: model.held)
    keys = [Qt.Key.Key_Space, Qt.Key.Key_2, Qt.Key.Key_M, Qt.Key.Key_1, Qt.Key.Key_S, Qt.Key.Key_Space]
    for key in keys:
        assert took_s(lambda key=key: press(window, key)) < AT_ONCE_S, key
    goes_on.set()


def test_only_the_display_is_mirrored(open_window: Callable[..., MainWindow]) -> None:
    window = open_window()
    pump(has_picture(window))
    image_rgb = np.zeros((60, 80, 3), np.uint8)
    image_rgb[:, :40] = 255
    window.session.close()
    QApplication.processEvents()
    for mirrored, left_is_white in ((False, True), (True, False)):
        window.view.set_picture(image_rgb, 0.0)
        window.view.set_mirrored(mirrored)
        rect = window.view.picture_rect()
        shot = window.view.grab().toImage()
        scale = shot.width() / window.view.width()
        x = round((rect.x() + rect.width() * 0.25) * scale)
        assert (shot.pixelColor(x, shot.height() // 2).lightness() > 128) == left_is_white
    assert image_rgb[0, 0, 0] == 255


def test_the_gravest_line_is_shown_until_it_is_withdrawn(open_window: Callable[..., MainWindow]) -> None:
    strip = open_window().strip
    strip.show_status(Status("source", "error", "the camera is gone"))
    strip.show_status(Status("snapshot", "info", "saved"))
    assert strip.text == "the camera is gone"
    strip.show_status(Status("source", "info", ""))
    assert strip.text == "saved"
    strip._dismiss()
    assert strip.text == ""
