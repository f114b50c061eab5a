"""The guided jitter test in the window: its steps, its result, its faults; it leaves nothing running."""

from __future__ import annotations

import json
import os
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from PyQt6.QtWidgets import QApplication, QLabel

from app.capture import Frame
from app.jitter import JitterTest
from app.session import Settings
from app.ui.measure import jitter_page
from app.ui.measure.jitter_page import JitterPage
from app.ui.measure.jitter_recording import Measuring, Recording
from tests.app.commands.test_jitter import Stand, picture
from tests.app.fakes import fake_picture
from tests.app.ui.test_window import application, open_window  # noqa: F401
from tests.waiting import AT_ONCE_S, PATIENCE_S, pump, took_s


@pytest.fixture
def page(application, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    """A page whose recording takes 0.7 s of frames and whose models are stand-ins."""
    monkeypatch.setattr(jitter_page, "_COUNTDOWN_S", 0.1)
    monkeypatch.setattr(jitter_page, "Recording", partial(Recording, seconds=0.7))
    stand_ins = partial(JitterTest, make=Stand)
    monkeypatch.setattr(jitter_page, "Measuring", partial(Measuring, make_test=stand_ins))
    watchers: list = []
    page = JitterPage(watchers.append, Settings, lambda: "clip", ("fit", "mediapipe"))
    page.watchers = watchers
    yield page
    page.stop()


def feed(page: JitterPage, frame_rgb: np.ndarray, first: int, count: int = 30) -> None:
    """Frames as the capture thread hands them over, and one picture."""
    for k in range(first, first + count):
        page.watchers[-1](Frame(frame_rgb, 100 + k / 30, k))
    page.take_picture(fake_picture(frame_rgb, 100 + first / 30, index=first))


def test_ten_seconds_end_in_a_result_that_can_be_saved(page: JitterPage, tmp_path: Path) -> None:
    still = picture()
    page.begin()
    feed(page, still, 0)  # comes during the countdown: not recorded
    pump(lambda: page._recording is None or page._recording._wanted)
    feed(page, still, 30)
    pump(lambda: page.report is not None)
    assert page.watchers[-1] is None
    assert len(page.report.times_s) == 22
    assert page.report.source == "clip"
    assert set(page.report.models) == {"fit", "mediapipe"}
    found = page.report.models["fit"].figures
    for measure, digits in (("per_frame2", 2), ("per_s2", 0), ("highpass_rms", 2)):
        page._table._chips.chosen.emit(measure)
        shown = {cell.text() for cell in page._table.findChildren(QLabel) if not cell.isHidden()}
        for quantity, axis in (("vertices_mm", None), ("root_mm", 0), ("root_mm", 2)):
            raw, filtered = (found[kind][f"{quantity}_{measure}"] for kind in ("raw", "filtered"))
            if axis is not None:
                raw, filtered = raw[axis], filtered[axis]
            assert f"{raw:.{digits}f} → {filtered:.{digits}f}" in shown
    page.save_to(tmp_path / "jitter")
    assert json.loads((tmp_path / "jitter" / "jitter.json").read_text()) == page.report.summary()
    assert "jitter.png" in page._saved.text()


def test_without_a_hand_it_says_so_and_can_begin_again(
    page: JitterPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = partial(JitterTest, make=partial(Stand, gone=range(1000)))
    monkeypatch.setattr(jitter_page, "Measuring", partial(Measuring, make_test=blind))
    page.begin()
    pump(lambda: page._recording is None or page._recording._wanted)
    feed(page, picture(), 0)
    pump(lambda: not page._fault.isHidden())
    assert "no model found a hand" in page._fault.text()
    page.begin()
    assert page._recording is not None


def test_closing_ends_its_threads_and_its_frames(page: JitterPage) -> None:
    before = set(threading.enumerate())
    page.begin()
    pump(lambda: page._recording._wanted)
    feed(page, picture(), 0)
    pump(lambda: page._measuring is not None or page.report is not None)
    page.stop()
    pump(lambda: set(threading.enumerate()) <= before)
    assert page.watchers[-1] is None


@pytest.mark.fault
def test_cancel_never_waits_for_a_slow_model(page: JitterPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would freeze the window. The model ends by itself, and its result is not shown."""
    before = set(threading.enumerate())
    at_work, let_go = threading.Event(), threading.Event()

    class Slow(Stand):
        def track(self, *frame):
            at_work.set()
            let_go.wait(PATIENCE_S)
            return super().track(*frame)

    slow = partial(JitterTest, make=Slow)
    monkeypatch.setattr(jitter_page, "Measuring", partial(Measuring, make_test=slow))
    page.begin()
    pump(lambda: page._recording is None or page._recording._wanted)
    feed(page, picture(), 0)
    pump(at_work.is_set)
    assert took_s(page._cancel) < AT_ONCE_S
    assert page._pages.currentWidget() is page._ready_page
    let_go.set()
    pump(lambda: set(threading.enumerate()) <= before)
    QApplication.processEvents()
    assert page.report is None
    assert page._fault.isHidden()


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = Recording()
    recording.begin()
    monkeypatch.setattr(
        recording._spool, "add", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    recording.take(Frame(picture(), 0.0, 0))
    assert recording.finished
    assert "No space left" in recording.fault
    recording.close()


def test_the_window_opens_it_in_the_panels_place_and_esc_closes_it(open_window) -> None:  # noqa: F811
    window = open_window()
    window.panel.sheet_wanted.emit("jitter")
    assert isinstance(window.sheets.sheet, JitterPage)
    assert not window.panel.isVisible()
    window.sheets.sheet.begin()
    pump(lambda: window.session._watcher is not None)
    window._escape()
    assert window.sheets.sheet is None
    assert window.panel.isVisible()
    assert window.session._watcher is None
