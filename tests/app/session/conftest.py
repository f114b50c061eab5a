"""Sessions on fake parts for every test of this room."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from app.session import Session, Settings, session
from tests.app.fakes import FakeCompositor, FakePipeline, ticking_frames
from tests.app.session.rig import Rig, Watcher


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
