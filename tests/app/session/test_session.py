"""The session: the newest frame wins, faults are told, and nothing is left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from app.session import AUTO, Session, Settings, StatisticsMeter, session
from app.slot import LatestSlot
from models.types import Camera
from tests.app.fakes import FakeCompositor, FakePipeline, ticking_frames
from tests.app.session.rig import Rig, Watcher, with_hands
from tests.waiting import wait_for


def test_pictures_come_drawn_and_on_one_thread(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.session.open("clip")
    wait_for(lambda: len(with_hands(rig)) > 5)
    rig.session.close()
    assert (with_hands(rig)[-1].image_rgb > 50).all()  # the fake compositor's negative; the first is plain
    assert rig.compositor.closed
    assert rig.pipeline.closed
    assert len(rig.compositor.threads) == 1
    assert threading.get_ident() not in rig.compositor.threads
    assert {"network", "draw"} <= set(with_hands(rig)[-1].found.stages_ms)


def test_a_slow_stage_drops_frames_and_stays_current(start: Callable[..., Rig]) -> None:
    rig = start(ticking_frames(200), FakePipeline(delay_s=0.05))
    rig.session.open("clip")
    wait_for(lambda: len(with_hands(rig)) > 12)
    late_s = rig.watcher.lateness_s[-10:]
    assert np.median(late_s) < 0.05 * 2.5  # a frame waits for the one before it, never for a queue
    assert rig.session.statistics.read().dropped > 20
    indices = [picture.frame.index for picture in rig.watcher.pictures]
    assert indices == sorted(indices)


def test_settings_reach_the_pipeline_without_loading_it_again(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.session.open("clip")
    wait_for(lambda: with_hands(rig))
    rig.session.settings = replace(Settings(), smoothing=0.9, handedness_lock="left", fov_deg=90.0)
    wait_for(lambda: rig.pipeline.retuned)
    assert rig.pipeline.retuned == [(0.9, "left")]
    camera = rig.pipeline.cameras[-1]
    assert camera == Settings(fov_deg=90.0).camera(64, 48)
    assert not rig.pipeline.closed


@pytest.mark.fault
def test_a_fault_in_one_frame_does_not_end_the_session(start: Callable[..., Rig]) -> None:
    rig = start(pipeline=FakePipeline(fail_on=frozenset({3})))
    rig.session.open("clip")
    wait_for(lambda: len(with_hands(rig)) > 10)
    assert any("a fault on purpose" in text for text in rig.watcher.texts("model"))


@pytest.mark.fault
def test_a_picture_that_cannot_be_handed_on_does_not_freeze_the_session(start: Callable[..., Rig]) -> None:
    """Whatever is called with a finished picture may fail: the drawing thread lives, as the others do."""
    rig = start()
    fails = [True]

    class Failing:
        running = False

        def add(self, picture: object) -> None:
            if fails[0]:
                raise RuntimeError("a recorder's fault")

    rig.session._recorder = Failing()
    rig.session.open("clip")
    wait_for(lambda: rig.watcher.texts("graphics"))
    fails[0] = False
    wait_for(lambda: len(with_hands(rig)) > 3)
    assert rig.watcher.texts("graphics") == ["A picture was lost (a recorder's fault); it goes on"]
    assert [s.text for s in rig.watcher.statuses if s.topic == "graphics"][-1] == ""


class _Virtual:
    """Stands for a virtual camera."""

    def __init__(self) -> None:
        self.shown = 0

    def show(self, image_rgb: object) -> None:
        self.shown += 1

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.fault
def test_a_virtual_camera_may_be_taken_away_at_any_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is taken away whenever the drawing thread has just looked whether it is there."""
    virtual = _Virtual()

    class Flickering(Session):
        _looked = 0

        @property
        def _virtual(self) -> _Virtual | None:
            self._looked += threading.current_thread().name == "drawing_loop"
            return virtual if self._looked % 2 else None

        @_virtual.setter
        def _virtual(self, value: object) -> None:
            """It comes and goes by itself."""

    monkeypatch.setattr(session, "live_frames", ticking_frames(100))
    watcher = Watcher()
    with closing(
        Flickering(Settings(), watcher.listener(), lambda config: FakePipeline(), FakeCompositor)
    ) as live:
        live.open("clip")
        wait_for(lambda: len(watcher.pictures) > 6)
    assert virtual.shown >= 3
    assert not watcher.texts("graphics")


@pytest.mark.fault
def test_without_graphics_the_frames_are_shown_as_they_are(start: Callable[..., Rig]) -> None:
    from models.graphics import NoGraphics

    def fail() -> FakeCompositor:
        raise NoGraphics("no OpenGL; install it")

    rig = start(make_compositor=fail)
    rig.session.open("clip")
    wait_for(lambda: len(with_hands(rig)) > 3)
    assert rig.watcher.texts("graphics") == ["No effects: no OpenGL; install it"]
    assert (with_hands(rig)[0].image_rgb < 200).all()


@pytest.mark.fault
def test_a_source_that_dies_is_told_and_another_can_be_opened(start: Callable[..., Rig]) -> None:
    rig = start(ticking_frames(100, fail_after=5))
    rig.session.open("0")
    wait_for(lambda: any("went away" in text for text in rig.watcher.texts("source")))
    rig.session.open("missing")
    wait_for(lambda: any("missing does not exist" in text for text in rig.watcher.texts("source")))
    count = len(rig.watcher.pictures)
    rig.session.open("clip")
    wait_for(lambda: len(rig.watcher.pictures) > count + 2)
    assert rig.watcher.pictures[-1].frame.source == "clip"


def test_many_sources_in_a_row_end_with_the_last(start: Callable[..., Rig]) -> None:
    rig = start()
    for index in range(50):
        rig.session.open(f"clip {index}")
    wait_for(lambda: rig.watcher.pictures and rig.watcher.pictures[-1].frame.source == "clip 49")
    count = len(rig.watcher.pictures)
    wait_for(lambda: len(rig.watcher.pictures) > count + 3)


def test_without_a_camera_the_demo_plays_with_a_line(
    start: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "list_cameras", lambda: ())
    rig = start()
    rig.session.open(AUTO)
    wait_for(lambda: rig.watcher.texts("source"))
    assert rig.watcher.sources == ["demo"]
    assert "No camera found" in rig.watcher.texts("source")[0]


def test_a_session_that_was_never_opened_closes(start: Callable[..., Rig]) -> None:
    start()


def test_intrinsics_go_before_the_field_of_view() -> None:
    settings = Settings(intrinsics=(500.0, 510.0, 31.0, 23.0))
    assert settings.camera(64, 48) == Camera(500.0, 510.0, 31.0, 23.0, 64, 48)


def test_a_slot_gives_the_newest_and_lets_go_when_closed() -> None:
    slot: LatestSlot[int] = LatestSlot()
    assert slot.take(0.01) is None
    assert not slot.put(1)
    assert slot.put(2)
    assert slot.take() == 2
    threading.Timer(0.05, slot.close).start()
    assert slot.take() is None


def test_statistics_count_what_was_displayed() -> None:
    meter = StatisticsMeter()
    assert meter.read().fps == 0
    now_s = time.monotonic()
    for index in range(10):
        time.sleep(0.01)
        meter.displayed(now_s + 0.01 * index)
    meter.dropped()
    figures = meter.read()
    assert 0 < figures.fps < 110
    assert 5 < figures.latency_p50_ms <= figures.latency_p95_ms <= figures.latency_p99_ms
    assert figures.cores >= 0
    assert figures.memory_mb > 20
    assert figures.dropped == 1
    meter.reset()
    assert meter.read().dropped == 0
