"""A webcam: asked for a size and rate, told of where it is slow, waited for when it goes."""

from __future__ import annotations

import time
from threading import Event

import numpy as np
import pytest

from app.capture import CameraInfo, CameraMode, CameraWishes, SourceError, Webcam, cameras, live, webcam
from app.capture.modes import USUAL
from app.capture.rate import RateWatch
from tests.waiting import AT_ONCE_S


class FakeCapture:
    """Stands for cv2.VideoCapture: opens as `openings` says, then gives `frames` frames."""

    openings: list[bool]
    frames = 3
    sizes: tuple[tuple[int, int], ...] = ()  # that it offers; none: it takes all that is asked
    period_s = 0.0
    asked: list[dict[int, float]]  # what each one opened was asked for

    def __init__(self, index: int) -> None:
        self._open = FakeCapture.openings.pop(0)
        self._left = FakeCapture.frames
        self._asked: dict[int, float] = {}
        FakeCapture.asked.append(self._asked)

    def isOpened(self) -> bool:
        return self._open

    def set(self, what: int, value: float) -> bool:
        self._asked[what] = value
        return True

    def grab(self) -> bool:
        self._left -= 1
        time.sleep(FakeCapture.period_s)
        return self._left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray]:
        width, height = (
            int(self._asked.get(what, 4))
            for what in (webcam.cv2.CAP_PROP_FRAME_WIDTH, webcam.cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if FakeCapture.sizes and (width, height) not in FakeCapture.sizes:
            width, height = FakeCapture.sizes[0]
        return True, np.full((height, width, 3), (1, 2, 3), np.uint8)  # BGR

    def release(self) -> None:
        self._open = False


@pytest.fixture(autouse=True)
def _fresh_captures() -> None:
    FakeCapture.asked, FakeCapture.sizes, FakeCapture.frames, FakeCapture.period_s = [], (), 3, 0.0


@pytest.mark.fault
def test_a_camera_gives_rgb_with_measured_times_and_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCapture.openings = [True, False, True]
    monkeypatch.setattr(webcam.cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(webcam, "_RETRY_S", 0.01)
    stop, lines, frames = Event(), [], []
    for frame in Webcam(0).frames(stop, lines.append):
        frames.append(frame)
        if len(frames) == 5:
            stop.set()
    assert [frame.index for frame in frames] == list(range(5))
    assert (frames[0].image_rgb == (3, 2, 1)).all()
    assert abs(frames[-1].time_s - time.monotonic()) < AT_ONCE_S
    assert len(lines) == 2
    assert "stopped sending pictures" in lines[0]
    assert lines[1] == ""  # all is well again


@pytest.mark.fault
def test_a_camera_that_never_returns_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCapture.openings = [True] + [False] * 1000
    monkeypatch.setattr(webcam.cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(webcam, "_RETRY_S", 0.01)
    stop = Event()
    assert len(list(Webcam(0).frames(stop, lambda line: stop.set()))) == 3


@pytest.mark.fault
def test_a_camera_that_cannot_be_opened_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCapture.openings = [False]
    monkeypatch.setattr(webcam.cv2, "VideoCapture", FakeCapture)
    with pytest.raises(SourceError, match="camera 7 can't be opened"):
        next(Webcam(7).frames(Event(), lambda line: None))


def first_frames(camera: Webcam, count: int) -> tuple[list, list[str]]:
    stop, lines, frames = Event(), [], []
    for frame in camera.frames(stop, lines.append):
        frames.append(frame)
        if len(frames) == count:
            stop.set()
    return frames, lines


def test_it_is_asked_for_motion_jpeg_before_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers choose the size by the format that is set: VGA is all there is for 30 raw pictures a second."""
    FakeCapture.openings = [True]
    monkeypatch.setattr(webcam.cv2, "VideoCapture", FakeCapture)
    frames, lines = first_frames(Webcam(0, info=CameraInfo(0, "Cam")), 2)
    (asked,) = FakeCapture.asked
    cv2 = webcam.cv2
    assert list(asked) == [
        cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS
    ]  # fmt: skip
    assert list(asked.values())[1:] == [1280, 720, 30]
    assert int(asked[cv2.CAP_PROP_FOURCC]).to_bytes(4, "little") == b"MJPG"
    assert (frames[0].image_rgb.shape, lines) == ((720, 1280, 3), [])


@pytest.mark.fault
def test_a_camera_that_sends_nothing_as_asked_is_asked_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mute(FakeCapture):
        def grab(self) -> bool:
            return self._asked.get(webcam.cv2.CAP_PROP_FRAME_WIDTH) == 640

    FakeCapture.openings = [True] * 3
    monkeypatch.setattr(webcam.cv2, "VideoCapture", Mute)
    monkeypatch.setattr(webcam, "_RETRY_S", 0.01)
    frames, lines = first_frames(Webcam(0, info=CameraInfo(0, "Cam")), 2)
    assert frames[0].image_rgb.shape == (480, 640, 3)
    assert lines == []  # nothing is wrong that anybody could mend


def test_a_size_that_is_not_offered_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCapture.openings, FakeCapture.sizes = [True], ((640, 480),)
    monkeypatch.setattr(webcam.cv2, "VideoCapture", FakeCapture)
    _, lines = first_frames(Webcam(0, CameraMode(1920, 1080, 30), CameraInfo(0, "Fine Cam")), 3)
    assert lines == ["Fine Cam gives 640×480: it doesn't offer 1920×1080"]


def test_a_rate_that_is_not_offered_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCapture.openings = [True]
    monkeypatch.setattr(webcam.cv2, "VideoCapture", FakeCapture)
    _, lines = first_frames(Webcam(0, CameraMode(1280, 720, 60), CameraInfo(0, "Fine Cam", (USUAL,))), 3)
    assert lines == ["Fine Cam offers 1280×720 at 30 pictures a second, not 60"]


def test_the_wish_is_that_of_the_cameras_name(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCapture.openings = [True]
    monkeypatch.setattr(webcam.cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(live, "camera_info", lambda index: CameraInfo(index, "Fine Cam"))
    wishes, stop = CameraWishes(None, {"Fine Cam": CameraMode(800, 600, 15)}), Event()
    for frame in live.live_frames("3", stop, lambda line: None, wishes):
        assert frame.image_rgb.shape == (600, 800, 3)
        stop.set()


def told_rates(times_s: np.ndarray, waited_s: float, fps: float = 30.0) -> list[float]:
    watch = RateWatch(fps)
    return [rate for t in times_s if (rate := watch(float(t), waited_s)) is not None]


def test_a_dark_rooms_rate_is_told_once_and_withdrawn() -> None:
    slow = np.arange(0, 8, 1 / 12)
    assert told_rates(slow, 0.08) == pytest.approx([12], rel=0.05)
    light_again = np.concatenate([slow, 8 + np.arange(0, 8, 1 / 30)])
    assert told_rates(light_again, 0.075) == pytest.approx([12, 0], abs=0.5)


def test_a_rate_that_is_kept_or_missed_by_us_is_not_told() -> None:
    assert told_rates(np.arange(0, 8, 1 / 27), 0.03) == []
    assert told_rates(np.arange(0, 8, 1 / 12), 0.001) == []  # the pictures were waiting for us


def test_a_slow_camera_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCapture.openings, FakeCapture.frames, FakeCapture.period_s = [True], 100, 0.02
    monkeypatch.setattr(webcam.cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr("app.capture.rate._SETTLING_S", 0.05)
    monkeypatch.setattr("app.capture.rate._OVER_S", 0.3)
    _, lines = first_frames(Webcam(0, CameraMode(64, 48, 120), CameraInfo(0, "Fine Cam")), 30)
    assert len(lines) == 1
    assert lines[0].startswith("Fine Cam gives ")
    assert "not 120: in dim light it exposes longer" in lines[0]


def test_elsewhere_names_come_from_what_knows_them_or_numbers_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Tried(FakeCapture):
        def __init__(self, index: int) -> None:
            self._open = index in (0, 5)

    monkeypatch.setattr(cameras.sys, "platform", "win32")
    monkeypatch.setattr(cameras.cv2, "VideoCapture", Tried)
    assert cameras.list_cameras(lambda: [CameraInfo(0, "Fine Cam")]) == (CameraInfo(0, "Fine Cam"),)
    assert [camera.index for camera in cameras.list_cameras()] == [0]  # three misses in a row end it
    monkeypatch.setattr(cameras, "_MISSES", 5)
    assert [camera.index for camera in cameras.list_cameras()] == [0, 5]
