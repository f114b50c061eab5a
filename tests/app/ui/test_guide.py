"""What the window says while no hand is seen, and while a ring is hidden."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6")

from PyQt6.QtWidgets import QApplication

from app.frame import Frame, Picture
from app.ui.marks.guide import Guidance, HandGuide
from app.ui.marks.hand_outline import hand_outline
from app.ui.window import MainWindow
from models.geometry import camera_from_fov
from models.tracking.hints import Hint
from models.tracking.pipeline import PipelineResult
from tests.app.fakes import FakePipeline, fake_hand
from tests.app.ui.test_window import application, has_picture, open_window  # noqa: F401
from tests.waiting import pump

CAMERA = camera_from_fov(64, 48)
FRAME = np.zeros((48, 64, 3), np.uint8)


def pictured(
    time_s: float, hint: Hint | None = None, hands: int = 0, source: str = "0", searched: bool = True
) -> Picture:
    stages = {"detect": 1.0} if searched else {}
    found = PipelineResult((fake_hand(),) * hands, CAMERA, {**stages, "draw": 1.0}, hint)
    return Picture.undrawn(Frame(FRAME, time_s, 0, source=source), found)


def after(guide: HandGuide, seconds: float, **what: object) -> Guidance | None:
    """What is shown after so long without a hand, at 30 pictures a second."""
    guidance = None
    for k in range(round(30 * seconds) + 1):
        guidance = guide(pictured(100 + k / 30, **what))  # type: ignore[arg-type]
    return guidance


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (None, "whole hand"),
        (Hint.DARK, "More light"),
        (Hint.LARGE, "Move back"),
        (Hint.CUT, "edge cuts it"),
        (Hint.SMALL, "Come closer"),
    ],
)
def test_it_says_what_helps(hint: Hint | None, words: str) -> None:
    guidance = after(HandGuide(), 2.0, hint=hint)
    assert guidance is not None
    assert words in guidance.line
    assert (guidance.outline, guidance.opacity) == (True, 1.0)


def test_it_comes_softly_and_goes_at_once() -> None:
    guide = HandGuide()
    assert after(guide, 0.7) is None  # a hand that is lost for a moment
    assert 0 < guide(pictured(100.95)).opacity < 1
    assert guide(pictured(101, hands=1)) is None
    assert guide(pictured(101.5)) is None  # it begins anew


def test_it_teaches_nobody_before_it_has_looked() -> None:
    assert after(HandGuide(), 3.0, searched=False) is None  # the model is being loaded


def test_what_is_said_stands_for_a_moment() -> None:
    guide = HandGuide()
    after(guide, 2.0, hint=Hint.CUT)
    assert "edge" in guide(pictured(102.1, None)).line
    assert guide(pictured(103, None)).line == "Show your whole hand"


def test_of_a_file_it_says_what_is_wrong_without_an_outline() -> None:
    guidance = after(HandGuide(), 2.0, hint=Hint.DARK, source="clip.mp4")
    assert guidance == Guidance("No hand is found here: the picture is too dark", False, 1.0)


def test_the_outline_is_a_hands() -> None:
    """Five fingertips, each higher than the valleys beside it; open at the wrist."""
    line = hand_outline()
    assert np.ptp(line[:, 0]) == pytest.approx(0.7, abs=0.25)
    y = np.convolve(line[:, 1], np.ones(9) / 9, "valid")
    tips = [k for k in range(12, len(y) - 12) if y[k] == y[k - 12 : k + 13].min()]
    assert len(tips) == 5
    assert np.linalg.norm(line[0] - line[-1]) > 0.15
    assert np.linalg.norm(np.diff(line, axis=0), axis=1).max() < 0.03


class NoHands(FakePipeline):
    """Looks and finds none."""

    def process(self, frame_rgb, time_s, camera):
        found = super().process(frame_rgb, time_s, camera)
        return replace(found, hands=(), hint=Hint.DARK, stages_ms={"detect": 1.0})


def test_the_window_shows_it_over_the_picture_and_never_in_it(
    open_window: Callable[..., MainWindow],  # noqa: F811
) -> None:
    window = open_window(source="0", pipeline=NoHands())
    pump(has_picture(window))
    pump(lambda: window.view._guidance is not None and window.view._guidance.opacity == 1)
    assert "More light" in window.view._guidance.line
    shown = window.view.grab().toImage()
    window.view.set_guidance(None)
    plain = window.view.grab().toImage()
    rect = window.view.picture_rect()
    middle = round(rect.center().x()), round(rect.bottom() - 30)
    assert shown.pixelColor(*middle) != plain.pixelColor(*middle)
    picture = window.session._picture
    assert len(np.unique(picture.image_rgb)) == 1  # what is recorded is the plain picture


def test_why_a_ring_is_hidden_stands_over_the_picture(
    open_window: Callable[..., MainWindow],  # noqa: F811
) -> None:
    window = open_window()
    pump(has_picture(window))
    window.session.close()
    QApplication.processEvents()
    shown = replace(pictured(0.0, hands=1, source="clip.mp4"), doubts=("Ring hidden: the hand is too near",))
    window._show_picture(shown)
    assert window.view._note == "Ring hidden: the hand is too near"
    rect = window.view.picture_rect()
    pill = window.view.grab().toImage()  # of a still picture: the session is closed
    window._show_picture(replace(shown, doubts=()))
    assert window.view._note == ""
    at = round(rect.center().x()), round(rect.bottom() - 30)
    assert pill.pixelColor(*at) != window.view.grab().toImage().pixelColor(*at)
