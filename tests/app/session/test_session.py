"""The session: the newest frame wins, faults are told, and nothing is left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from app.recorder import RecordingState, VideoWriter
from app.session import AUTO, Listener, Picture, Session, Settings, StatisticsMeter, Status, session
from app.slot import LatestSlot
from models.tracking.pipeline import DEFAULT_MODEL, MODELS, PipelineConfig
from models.types import Camera
from tests.app.clips import video_times_s
from tests.app.fakes import FakeCompositor, FakePipeline, ticking_frames

OTHER = next(name for name in MODELS if name != DEFAULT_MODEL)


@dataclass
class Watcher:
    """Keeps all that a session tells."""

    pictures: list[Picture] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    recordings: list[RecordingState] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    fallbacks: list[tuple[Settings, Settings]] = field(default_factory=list)
    lateness_s: list[float] = field(default_factory=list)

    def listener(self) -> Listener:
        def take(picture: Picture) -> None:
            self.pictures.append(picture)
            self.lateness_s.append(time.monotonic() - picture.time_s)

        def fall_back(failed: Settings, running: Settings) -> None:
            self.fallbacks.append((failed, running))

        return Listener(take, self.statuses.append, self.recordings.append, self.sources.append, fall_back)

    def texts(self, topic: str) -> list[str]:
        return [status.text for status in self.statuses if status.topic == topic and status.text]


def wait_for(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.005)


@dataclass
class Rig:
    session: Session
    watcher: Watcher
    pipeline: FakePipeline
    compositor: FakeCompositor


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    """Starts sessions on fake parts; closes them and sees that no thread is left."""
    before = set(threading.enumerate())
    rigs: list[Rig] = []

    def make(frames: object = None, pipeline: FakePipeline | None = None, **parts: Callable) -> Rig:
        monkeypatch.setattr(session, "live_frames", frames or ticking_frames(100))
        watcher, compositor = Watcher(), FakeCompositor()
        pipeline = pipeline or FakePipeline()
        makers = {"make_pipeline": lambda config: pipeline, "make_compositor": lambda: compositor} | parts
        rigs.append(Rig(Session(Settings(), watcher.listener(), **makers), watcher, pipeline, compositor))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.session.close()
    assert set(threading.enumerate()) <= before


def with_hands(rig: Rig) -> list[Picture]:
    return [picture for picture in rig.watcher.pictures if picture.hands]


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


def test_pictures_flow_while_the_model_loads(start: Callable[..., Rig]) -> None:
    loaded = threading.Event()

    def load(config: object) -> FakePipeline:
        loaded.wait(5)
        return FakePipeline()

    rig = start(make_pipeline=load)
    rig.session.open("clip")
    wait_for(lambda: len(rig.watcher.pictures) > 5)
    assert not with_hands(rig)
    assert any("Loading" in text for text in rig.watcher.texts("model"))
    loaded.set()
    wait_for(lambda: with_hands(rig))
    assert [status.text for status in rig.watcher.statuses if status.topic == "model"][-1] == ""


@pytest.mark.fault
def test_a_model_that_cannot_be_loaded_is_told_and_pictures_go_on(start: Callable[..., Rig]) -> None:
    def fail(config: object) -> FakePipeline:
        raise FileNotFoundError("weights are missing")

    rig = start(make_pipeline=fail)
    rig.session.open("clip")
    wait_for(lambda: any("weights are missing" in text for text in rig.watcher.texts("model")))
    count = len(rig.watcher.pictures)
    wait_for(lambda: len(rig.watcher.pictures) > count + 3)


@pytest.mark.fault
def test_after_a_model_that_cannot_be_loaded_the_old_one_runs_by_its_name(start: Callable[..., Rig]) -> None:
    """… and the other is tried again when it is chosen again."""
    good, other = FakePipeline(), FakePipeline()
    loads: list[str] = []

    def load(config: PipelineConfig) -> FakePipeline:
        loads.append(config.model)
        if config.model == OTHER and loads.count(OTHER) == 1:
            raise FileNotFoundError("weights are missing")
        return other if config.model == OTHER else good

    rig = start(make_pipeline=load)
    rig.session.open("clip")
    wait_for(lambda: with_hands(rig))
    running = rig.session.settings
    rig.session.settings = failing = replace(running, model=OTHER)
    wait_for(lambda: rig.watcher.fallbacks)
    assert rig.watcher.fallbacks == [(failing, running)]
    assert f"“{running.model}” goes on" in rig.watcher.texts("model")[-1]
    time.sleep(0.1)
    assert loads == [running.model, OTHER]  # not tried again at every frame
    rig.session.settings = running  # as the window does
    calls = good.calls
    wait_for(lambda: good.calls > calls + 3)
    assert not good.closed
    rig.session.settings = failing
    wait_for(lambda: other.calls > 3)
    assert loads == [running.model, OTHER, OTHER]


@pytest.mark.fault
def test_a_first_model_that_cannot_be_loaded_is_tried_again_when_chosen_again(
    start: Callable[..., Rig],
) -> None:
    loads: list[object] = []

    def load(config: object) -> FakePipeline:
        loads.append(config)
        if len(loads) == 1:
            raise FileNotFoundError("weights are missing")
        return FakePipeline()

    rig = start(make_pipeline=load)
    rig.session.open("clip")
    wait_for(lambda: any("weights are missing" in text for text in rig.watcher.texts("model")))
    assert not rig.watcher.fallbacks
    rig.session.settings = replace(rig.session.settings)
    wait_for(lambda: with_hands(rig))
    assert len(loads) == 2


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


def test_a_recording_holds_the_drawn_pictures(start: Callable[..., Rig], tmp_path: Path) -> None:
    rig = start(ticking_frames(50))
    rig.session.open("clip")
    wait_for(lambda: with_hands(rig))
    rig.session.start_recording(tmp_path / "a.mp4")
    wait_for(lambda: rig.watcher.recordings and rig.watcher.recordings[-1].frames > 10)
    rig.session.stop_recording()
    wait_for(lambda: rig.watcher.recordings[-1].finished)
    assert rig.watcher.recordings[-1].error == ""
    assert np.median(np.diff(video_times_s(tmp_path / "a.mp4"))) == pytest.approx(0.02, abs=0.01)


@pytest.mark.fault
def test_closing_finishes_the_recording(start: Callable[..., Rig], tmp_path: Path) -> None:
    rig = start(ticking_frames(50))
    rig.session.open("clip")
    rig.session.start_recording(tmp_path / "a.mp4")
    wait_for(lambda: rig.watcher.recordings and rig.watcher.recordings[-1].frames > 2)
    rig.session.close()
    assert rig.watcher.recordings[-1].finished
    assert len(video_times_s(tmp_path / "a.mp4")) == rig.watcher.recordings[-1].frames


@pytest.mark.fault
def test_closing_waits_for_every_recording(
    start: Callable[..., Rig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start, stop, start: the first one may still be writing when the session is closed."""

    class Slow(VideoWriter):
        def close(self) -> None:
            time.sleep(0.3 if self.path.name == "first.mp4" else 0)
            super().close()

    monkeypatch.setattr("app.recorder.recorder.VideoWriter", Slow)
    rig = start(ticking_frames(50))
    rig.session.open("clip")
    rig.session.start_recording(tmp_path / "first.mp4")
    wait_for(lambda: rig.watcher.recordings and rig.watcher.recordings[-1].frames > 2)
    rig.session.stop_recording()
    rig.session.start_recording(tmp_path / "second.mp4")
    rig.session.close()
    finished = {state.path.name for state in rig.watcher.recordings if state.finished}
    assert finished == {"first.mp4", "second.mp4"}


@pytest.mark.fault
def test_a_recording_that_fails_leaves_the_session_running(start: Callable[..., Rig], tmp_path: Path) -> None:
    rig = start()
    rig.session.open("clip")
    (tmp_path / "file").touch()
    rig.session.start_recording(tmp_path / "file" / "a.mp4")
    wait_for(lambda: rig.watcher.recordings and rig.watcher.recordings[-1].finished)
    assert "can't be written" in rig.watcher.recordings[-1].error
    count = len(rig.watcher.pictures)
    wait_for(lambda: len(rig.watcher.pictures) > count + 3)


def test_a_snapshot_is_saved_or_explained(start: Callable[..., Rig], tmp_path: Path) -> None:
    rig = start()
    rig.session.snapshot(tmp_path / "early.png")
    wait_for(lambda: rig.watcher.texts("snapshot"))
    assert "no picture" in rig.watcher.texts("snapshot")[0]
    rig.session.open("clip")
    wait_for(lambda: with_hands(rig))
    rig.session.snapshot(tmp_path / "a.png")
    wait_for(lambda: (tmp_path / "a.png").exists())
    assert not (tmp_path / "early.png").exists()


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
    assert 20 < figures.fps < 110
    assert 5 < figures.latency_p50_ms <= figures.latency_p95_ms <= figures.latency_p99_ms < 500
    assert figures.cores >= 0
    assert figures.memory_mb > 20
    assert figures.dropped == 1
    meter.reset()
    assert meter.read().dropped == 0
