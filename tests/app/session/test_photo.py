"""A photo is tried on and saved once, in its own size; a video is not, nor one without a hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import cv2
import numpy as np
import pytest

from app.capture import Frame, live, live_frames
from app.output import OutputError, save_jpeg
from app.session import Status
from app.session import saving as saving_module
from tests.app.clips import numbered_picture
from tests.app.fakes import FakePipeline, ticking_frames
from tests.app.session.rig import Rig
from tests.waiting import wait_for


def photos(picture: np.ndarray) -> Callable[..., Iterator[Frame]]:
    """A stand-in for `live_frames` of an image."""

    def frames(source: str, stop: Event, report: object, wishes: object = None) -> Iterator[Frame]:
        index = 0
        while not stop.wait(0.01):
            yield Frame(picture, time.monotonic(), index, photo=True)
            index += 1

    return frames


def test_it_is_saved_once_as_large_as_it_is(start: Callable[..., Rig], tmp_path: Path) -> None:
    picture = numbered_picture(0, 321, 243)
    rig = start(photos(picture))
    rig.session.keep_photo("a.jpg", tmp_path / "out.jpg")
    rig.session.open("a.jpg")
    wait_for(lambda: rig.watcher.texts("snapshot"))
    assert rig.watcher.texts("snapshot") == [f"Tried on, 321×243, and saved: {tmp_path / 'out.jpg'}"]
    saved = cv2.imread(str(tmp_path / "out.jpg"))[..., ::-1]
    assert saved.shape == picture.shape
    assert np.abs(saved.astype(int) - (255 - picture)).mean() < 3  # drawn on: the compositor inverts
    assert (tmp_path / "out.json").exists()
    count = len(rig.watcher.pictures)
    wait_for(lambda: len(rig.watcher.pictures) > count + 5)
    assert len(rig.watcher.texts("snapshot")) == 1


def test_nothing_is_saved_of_a_video(start: Callable[..., Rig], tmp_path: Path) -> None:
    rig = start(ticking_frames(100))
    rig.session.keep_photo("a.mp4", tmp_path / "out.jpg")
    rig.session.open("a.mp4")
    wait_for(lambda: len(rig.watcher.pictures) > 8)
    assert not (tmp_path / "out.jpg").exists()
    assert rig.session._saver._expected is None


class NoHands(FakePipeline):
    def process(self, frame_rgb, time_s, camera):
        return replace(super().process(frame_rgb, time_s, camera), hands=())


def test_a_photo_without_a_hand_is_told(
    start: Callable[..., Rig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving_module, "_PATIENCE_S", 0.1)
    rig = start(photos(numbered_picture(0, 32, 24)), NoHands())
    rig.session.keep_photo("a.jpg", tmp_path / "out.jpg")
    rig.session.open("a.jpg")
    wait_for(lambda: rig.watcher.texts("snapshot"))
    assert rig.watcher.texts("snapshot") == ["No hand is found in a.jpg: nothing was saved"]
    assert not (tmp_path / "out.jpg").exists()


@pytest.mark.fault
def test_a_place_that_cannot_be_written_is_told(start: Callable[..., Rig], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    rig = start(photos(numbered_picture(0, 32, 24)))
    rig.session.keep_photo("a.jpg", tmp_path / "file" / "out.jpg")
    rig.session.open("a.jpg")
    wait_for(lambda: any(s == Status("snapshot", "error", s.text) for s in rig.watcher.statuses))


def test_an_image_comes_in_its_own_size_and_a_large_one_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), numbered_picture(0, 200, 100))
    monkeypatch.setattr(live, "_STILL_FPS", 50)
    monkeypatch.setattr(live, "_STILL_PIXELS_S", 200 * 100 / 0.2)
    stop, times_s = Event(), []
    for frame in live_frames(str(tmp_path / "a.png"), stop, lambda line: None):
        assert frame.photo
        assert frame.image_rgb.shape == (100, 200, 3)
        times_s.append(frame.time_s)
        if len(times_s) == 52:
            stop.set()
    assert np.median(np.diff(times_s[:40])) < 0.1
    assert times_s[-1] - times_s[-2] > 0.15


def test_a_jpeg_keeps_colours_and_is_whole(tmp_path: Path) -> None:
    picture = numbered_picture(0, 65, 49)
    save_jpeg(tmp_path / "a.jpg", picture)
    again = cv2.imread(str(tmp_path / "a.jpg"))[..., ::-1]
    assert np.abs(again.astype(int) - picture).max() < 12
    with pytest.raises(OutputError, match="must end in"):
        save_jpeg(tmp_path / "a.png", picture)
