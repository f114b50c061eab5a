"""Low latency: hands are drawn on the newest frame, each frame once, and the error is shown."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.capture import Frame
from app.cli import build_parser
from app.commands.options import settings_from
from app.session import Listener, Picture, Session, Settings, session
from app.session.lookahead import LookAhead
from tests.app.fakes import FakeCompositor, FakePipeline, fake_picture, ticking_frames
from tests.waiting import wait_for

IMAGE = np.zeros((48, 64, 3), np.uint8)


def frame(index: int) -> Frame:
    return Frame(IMAGE, index / 30, index)


def searched(index: int) -> Picture:
    return fake_picture(IMAGE, index / 30, index=index)


def test_without_prediction_hands_stay_on_their_own_frame() -> None:
    picture = searched(1)
    assert LookAhead()(picture, frame(3), 0.0) is picture


def test_the_newest_frame_is_drawn_once_and_not_from_too_far_ahead() -> None:
    look_ahead = LookAhead()
    shown = look_ahead(searched(1), frame(2), 50)
    assert shown is not None
    assert shown.frame.index == 2
    assert shown.hands[0].time_s == pytest.approx(2 / 30)
    assert look_ahead(searched(2), frame(2), 50) is None
    shown = look_ahead(searched(3), frame(6), 50)
    assert shown is not None
    assert (shown.frame.index, shown.hands[0].time_s) == (3, 0.1)
    assert look_ahead.error_px is not None


def test_a_slow_model_shows_newer_pictures_with_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    ages: dict[float, list[float]] = {}
    for predict_ms in (0.0, 100.0):
        monkeypatch.setattr(session, "live_frames", ticking_frames(50))
        pictures: list[tuple[float, Picture]] = []
        listener = Listener(
            lambda p, to=pictures: to.append((time.monotonic(), p)),
            lambda s: None,
            lambda r: None,
            lambda s: None,
        )
        running = Session(
            Settings(predict_ms=predict_ms, effect="ring"),
            listener,
            make_pipeline=lambda config: FakePipeline(delay_s=0.06),
            make_compositor=FakeCompositor,
        )
        running.open("clip")
        wait_for(lambda to=pictures: len(to) >= 14)
        if predict_ms:
            wait_for(lambda of=running.statistics: of.read().prediction_error_px is not None)
        else:
            assert running.statistics.read().prediction_error_px is None
        running.close()
        with_hands = [(at, p) for at, p in pictures if p.hands]
        ages[predict_ms] = [at - p.time_s for at, p in with_hands]
        indices = [p.frame.index for _, p in with_hands]
        assert indices == sorted(set(indices))
    assert np.median(ages[100.0]) < np.median(ages[0.0]) - 0.02


def test_the_option_is_read_and_checked() -> None:
    parser = build_parser()
    arguments = parser.parse_args(["live", "--predict", "40"])
    assert settings_from(arguments, Settings()).predict_ms == 40
    with pytest.raises(Exception, match="0 to 100 milliseconds"):
        parser.parse_args(["live", "--predict", "400"])
