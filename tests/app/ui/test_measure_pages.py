"""The camera's and the hand's sheets: from frames to a kept calibration and a kept profile."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from PyQt6.QtCore import QPointF

from app.capture import CameraInfo, Frame
from app.measure.camera_files import calibration_of, calibration_path, save_calibration
from app.measure.chessboard import Board, Calibration, CalibrationError, Calibrator
from app.measure.profiles import load_profile, save_profile
from app.session import Picture, Settings
from app.ui.measure.calibration_page import CalibrationPage
from app.ui.measure.hand_page import HandPage
from app.ui.preferences import Preferences, load_preferences, save_preferences
from models.evaluation.filter_lag import moving_hands
from models.hand.hand_data import load_open_hand
from models.hand.profile import BREADTH_M, HandProfile, palm_breadth_m, personal_hand
from models.tracking.pipeline import PipelineResult
from models.types import Camera
from tests.app.measure.chessboards import board_views
from tests.app.ui.test_window import MODELS, application, open_window  # noqa: F401
from tests.waiting import AT_ONCE_S, PATIENCE_S, pump, took_s

CAMERA = Camera(602.0, 599.0, 325.0, 236.0, 640, 480)
ANNA = HandProfile("Anna", (0.1,) * 10, 1.05, True)


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PALMISTRY_HOME", str(tmp_path / "home"))


def pictured(index: int) -> Picture:
    """A picture of the demo's hand."""
    hand = replace(moving_hands(30.0)[0][3 * index], time_s=float(index) / 4)
    image_rgb = np.zeros((480, 640, 3), np.uint8)
    frame = Frame(image_rgb, hand.time_s, index, source="clip")
    return Picture.undrawn(frame, PipelineResult((hand,), CAMERA, {}))


def test_a_board_that_is_shown_gives_a_camera_that_is_kept_and_used(application) -> None:  # noqa: F811
    before = set(threading.enumerate())
    watchers: list = []
    used: list = []
    page = CalibrationPage(watchers.append, Settings, lambda: "Fine Cam", used.append, lambda: False)
    assert "65°" in page._state.text()
    page.begin()
    for k, view in enumerate(board_views(Board(9, 6), CAMERA, 9)):
        kept = len(page._run._calibrator.views)
        watchers[-1](Frame(view, k / 30, k))
        pump(lambda kept=kept: len(page._run._calibrator.views) > kept)
    pump(page._enough.isEnabled)
    page._finish()
    pump(lambda: used)
    assert used[0].camera.fx == pytest.approx(CAMERA.fx, rel=0.005)
    assert calibration_of("Fine Cam") == used[0]
    assert "± 6 %" in page._depth.text()
    page.stop()
    pump(lambda: set(threading.enumerate()) <= before)


def test_too_few_views_say_so_and_it_can_begin_again(application) -> None:  # noqa: F811
    page = CalibrationPage(lambda watcher: None, Settings, lambda: "x", lambda kept: None, lambda: False)
    page.begin()
    page._finish()
    pump(lambda: not page._fault.isHidden())
    assert page._fault.text().startswith("No board of 9x6")
    page.begin()
    page.stop()


def test_a_hand_is_measured_named_and_used(application) -> None:  # noqa: F811
    used: list = []
    page = HandPage(Settings, used.append)
    assert not page._save.isEnabled()
    page._name.setText("Anna")
    page.begin()
    for index in range(25):
        page.take_picture(pictured(index))
    pump(lambda: page._shaped)
    page._choose_method("palm")
    page._breadth.setValue(80)
    page._keep()
    assert used[0] == load_profile("Anna")
    assert used[0].measured
    assert np.abs(used[0].betas).max() < 0.3  # the demo's hand is the mean one
    assert palm_breadth_m(personal_hand(load_open_hand(), used[0])) == pytest.approx(0.08, rel=0.01)
    page.stop()


def test_a_known_shape_is_set_aside_while_a_shape_is_measured(application) -> None:  # noqa: F811
    now = [Settings(profile=ANNA)]
    used: list = []
    page = HandPage(lambda: now[-1], used.append)
    page.begin()
    assert used == [None]
    for index in range(8):  # two seconds: made with Anna's shape still
        page.take_picture(pictured(index))
    assert page._meshes == []
    page.take_picture(pictured(8))
    assert len(page._meshes) == 1
    page.stop()
    assert used == [None, ANNA]


def test_a_card_gives_the_size_or_says_what_is_wrong(application) -> None:  # noqa: F811
    page = HandPage(Settings, lambda profile: None)
    page._choose_method("card")
    assert "No hand in the picture" in page._card_note.text()
    page.take_picture(pictured(0))
    page._freeze()
    hand = pictured(0).hands[0]
    middle = hand.joints_2d_px[[5, 17]].mean(0)
    # A card as wide as the hand's knuckles are apart is 86 mm wide, and so is the palm then, nearly.
    across = hand.joints_2d_px[17] - hand.joints_2d_px[5]
    along = np.array([-across[1], across[0]]) * 53.98 / 85.60
    for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        page._card._corners.append(QPointF(*(middle + a / 2 * across + b / 2 * along)))
    page._card._told()
    assert page._card_done.isEnabled()
    page._measure_card()
    assert page._profile.measured
    assert 1.2 < page._profile.scale < 1.6  # knuckles' joints are some 60 mm apart in the mean hand
    breadth_m = palm_breadth_m(personal_hand(load_open_hand(), page._profile))
    page._take_shape(np.full(10, 0.5))
    kept_m = palm_breadth_m(personal_hand(load_open_hand(), page._profile))
    assert kept_m == pytest.approx(min(breadth_m, BREADTH_M[1]), rel=1e-3)
    page._card._corners[2] = QPointF(0, 0)
    page._measure_card()
    assert page._card_note.text()


def test_the_depth_error_falls_with_what_is_known(tmp_path: Path) -> None:
    found = Calibration(CAMERA, (0.0, 0.0), 0.1, 0.004, 9, Board(9, 6))
    calibration = save_calibration(tmp_path / "camera.json", "camera", found)
    known = [
        Settings(),
        Settings(fov_deg=78),
        Settings(calibration=calibration),
        Settings(calibration=calibration, profile=ANNA),
    ]
    errors = [settings.depth_error.total for settings in known]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.03


def test_the_window_uses_a_cameras_calibration_and_a_chosen_hand(open_window) -> None:  # noqa: F811
    save_calibration(
        calibration_path("Fine Cam"), "Fine Cam", Calibration(CAMERA, (0.0, 0.0), 0.1, 0.004, 9, Board(9, 6))
    )
    save_profile(ANNA)
    window = open_window()
    window.bridge.cameras.emit((CameraInfo(0, "Fine Cam"),))
    window._show_source("0")
    assert window.session.settings.calibration.name == "Fine Cam"
    assert window.panel._fov_value.text() == "known"
    window._show_source("clip.mp4")
    assert window.session.settings.calibration is None
    window.panel.hand_chosen.emit("Anna")
    assert window.session.settings.profile == ANNA
    assert window.panel._hand.currentData() == "Anna"
    assert window.panel._depth.text().startswith("Depth ± 20 %")
    window.panel.hand_chosen.emit("Nobody")
    assert "no hand named 'Nobody'" in window.strip.text
    assert window.session.settings.profile == ANNA
    for name in ("camera", "hand", "jitter"):
        window.sheets.show(name)
    window._escape()
    assert window.panel.isVisible()


def test_a_profile_is_remembered_until_it_is_gone(application, tmp_path: Path) -> None:  # noqa: F811
    from PyQt6.QtCore import QSettings

    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    path = save_profile(ANNA)
    save_preferences(store, Preferences(settings=Settings(profile=ANNA)))
    assert load_preferences(store, MODELS).settings.profile == ANNA
    path.unlink()
    assert load_preferences(store, MODELS).settings.profile is None


@pytest.mark.fault
def test_leaving_a_calibration_never_waits_for_the_picture_that_is_searched(
    application,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def slow_add(self: Calibrator, image_rgb: np.ndarray) -> str:
        begun.set()
        goes_on.wait(PATIENCE_S)
        raise CalibrationError("nobody wants to know")

    before = set(threading.enumerate())
    monkeypatch.setattr(Calibrator, "add", slow_add)
    page = CalibrationPage(lambda watcher: None, Settings, lambda: "x", lambda kept: None, lambda: False)
    page.begin()
    page._run.take(Frame(np.zeros((48, 64, 3), np.uint8), 0.0, 0))
    assert begun.wait(PATIENCE_S)
    assert took_s(page._cancel) < AT_ONCE_S
    goes_on.set()
    pump(lambda: set(threading.enumerate()) <= before)
    pump_for(0.05)
    assert page._fault.isHidden()


@pytest.mark.fault
def test_leaving_the_hands_sheet_never_waits_for_its_shape(
    application,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def slow_estimate(hand: object, meshes: object) -> tuple[np.ndarray, float]:
        begun.set()
        goes_on.wait(PATIENCE_S)
        return np.ones(10), 0.0

    before = set(threading.enumerate())
    monkeypatch.setattr("app.ui.measure.shape_estimate.estimate_betas", slow_estimate)
    page = HandPage(Settings, lambda profile: None)
    page.begin()
    for index in range(25):
        page.take_picture(pictured(index))
    assert begun.wait(PATIENCE_S)
    assert took_s(page.stop) < AT_ONCE_S
    goes_on.set()
    pump(lambda: set(threading.enumerate()) <= before)
    pump_for(0.05)
    assert not page._shaped  # the answer came too late


def pump_for(seconds: float) -> None:
    """Let what was posted arrive."""
    end_s = time.monotonic() + seconds
    pump(lambda: time.monotonic() > end_s)
