"""A camera's sizes and rates in the window: listed, chosen, remembered, asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from app.capture import TRIED, CameraInfo, CameraMode, parse_mode
from app.measure.camera_files import CameraFile
from app.session import Settings
from app.ui import window as window_module
from app.ui.camera.names import from_devices
from app.ui.preferences import Preferences
from app.ui.window import MainWindow
from models.types import Camera
from tests.app.ui.test_window import application, has_picture, open_window  # noqa: F401
from tests.waiting import pump

HD, FULL_HD = CameraMode(1280, 720, 30, True), CameraMode(1920, 1080, 30, True)
CAMERA = CameraInfo(0, "Fine Cam", (FULL_HD, HD, CameraMode(640, 480, 30)))


@pytest.fixture
def with_camera(
    open_window: Callable[..., MainWindow],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., MainWindow]:
    """Opens windows on a machine with one camera; waits until they know it."""
    monkeypatch.setattr(window_module, "list_cameras", lambda named: (CAMERA,))

    def make(**options: object) -> MainWindow:
        window = open_window(source=None, **options)
        pump(has_picture(window))
        pump(lambda: "Fine Cam" in window.bar._source.currentText())
        return window

    return make


def shown(window: MainWindow) -> tuple[str, list[str]]:
    choice = window.bar.camera
    return choice.currentText(), [choice.itemText(index) for index in range(choice.count())]


def test_the_modes_of_the_camera_are_listed(with_camera: Callable[..., MainWindow]) -> None:
    window = with_camera()
    current, offered = shown(window)
    assert current == "Auto · 1280×720"
    assert offered[1:] == ["1920×1080 · 30 fps", "1280×720 · 30 fps", "640×480 · 30 fps"]
    assert window.bar.camera.isVisible()
    window._choose_source("clip.mp4")
    pump(lambda: not window.bar.camera.isVisible())


def test_what_is_chosen_is_asked_for_at_once_and_remembered(with_camera: Callable[..., MainWindow]) -> None:
    window = with_camera()
    opened: list[str] = []
    window.session.open = opened.append  # type: ignore[method-assign]
    window.bar.camera.chosen.emit(FULL_HD.text())
    assert window.session.wishes.of("Fine Cam") == FULL_HD
    assert opened == ["0"]
    assert shown(window)[0] == "Auto · 1280×720"  # set by hand in a test; Qt's own box had moved on
    window.close()
    again = with_camera()
    assert again.session.wishes.of("Fine Cam") == FULL_HD
    assert again.session.wishes.of("Other Cam") is None
    assert shown(again)[0] == "1920×1080 · 30 fps"
    again.bar.camera.chosen.emit("")
    assert again.session.wishes.of("Fine Cam") is None


def test_what_the_command_line_says_holds_and_is_remembered(with_camera: Callable[..., MainWindow]) -> None:
    preferences = Preferences(cameras={"Fine Cam": FULL_HD})
    window = with_camera(preferences=preferences, camera=CameraMode(640, 480, 60, True))
    assert window.session.wishes.of("Fine Cam").text() == "640x480@60"
    assert shown(window)[0] == "640×480 · 60 fps"
    assert window._preferences.cameras["Fine Cam"] == parse_mode("640x480@60")


def test_where_a_cameras_list_is_unknown_the_usual_sizes_are_offered(
    open_window: Callable[..., MainWindow],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(window_module, "list_cameras", lambda named: (CameraInfo(0, "Camera 0"),))
    window = open_window(source="0")
    pump(has_picture(window))
    pump(window.bar.camera.isVisible)
    assert shown(window)[1][1:] == [mode.title for mode in TRIED]


def test_damaged_memories_are_left_out(open_window: Callable[..., MainWindow]) -> None:  # noqa: F811
    window = open_window()
    store = window._store
    for saved in ('{"cameras": 7}', '{"cameras": {"A": "x", "B": "640x480@nan", "C": "800x600@15"}}'):
        store.setValue("preferences", saved)
    from app.ui.preferences import load_preferences

    assert load_preferences(store, ("fit",)).cameras == {"C": CameraMode(800, 600, 15, True)}


def test_a_calibration_of_another_shape_says_nothing_of_depth(
    open_window: Callable[..., MainWindow],  # noqa: F811
) -> None:
    wide = CameraFile("Fine Cam", Camera(900, 900, 640, 360, 1280, 720), 0.1, 0.005)
    settings = Settings(calibration=wide)
    assert settings.calibrated
    assert replace(settings, picture_wh=(1920, 1080)).calibrated  # scaled
    assert not replace(settings, picture_wh=(64, 48)).calibrated
    assert replace(settings, picture_wh=(64, 48)).depth_error == Settings().depth_error
    window = open_window(preferences=Preferences(settings))
    pump(lambda: "another shape" in window.strip.text)
    pump(lambda: "measure camera" in window.panel._depth.text())
    assert window.panel._fov.isEnabled()  # it is the field of view that counts


def qt_device(name: str, identifier: bytes, *formats: tuple[int, int, float, str]) -> SimpleNamespace:
    def as_format(width: int, height: int, fps: float, kind: str) -> SimpleNamespace:
        size = SimpleNamespace(width=lambda: width, height=lambda: height)
        return SimpleNamespace(resolution=lambda: size, maxFrameRate=lambda: fps, pixelFormat=lambda: kind)

    return SimpleNamespace(
        description=lambda: name, id=lambda: identifier, videoFormats=lambda: [as_format(*f) for f in formats]
    )


def test_qt_names_cameras_in_the_order_of_opencvs_numbers() -> None:
    devices = [
        qt_device("Desk", b"0x2", (1280, 720, 30.0, "jpeg"), (0, 0, 0.0, "raw")),
        qt_device("", b"0x1"),
    ]
    windows = from_devices(devices, "jpeg", by_id=False)
    assert windows == (CameraInfo(0, "Desk", (HD,)), CameraInfo(1, "Camera 1"))
    assert [camera.name for camera in from_devices(devices, "jpeg", by_id=True)] == ["Camera 0", "Desk"]
