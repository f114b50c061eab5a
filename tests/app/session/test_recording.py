"""A session records: what is shown, to the end, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.recorder import VideoWriter
from tests.app.clips import video_times_s
from tests.app.fakes import ticking_frames
from tests.app.session.rig import Rig, with_hands
from tests.waiting import wait_for


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
