"""Sources that misbehave: what was readable is shown, one line says what was wrong, and it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest

from app.capture import VideoFile, Webcam, live, live_frames, open_file, webcam
from app.offline.video import process_file
from app.session import Settings
from tests.app.clips import steady, video_times_s, write_clip
from tests.app.fakes import FakeCompositor, FakePipeline
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.fault


class SilentCamera:
    """Gives three pictures, then waits for the next in vain, as V4L does after its time-out."""

    in_vain = 0

    def __init__(self, index: int) -> None:
        self._left = 3

    def isOpened(self) -> bool:
        return True

    def set(self, *_: object) -> bool:
        return True

    def grab(self) -> bool:
        self._left -= 1
        if self._left < 0:
            time.sleep(0.1)
            SilentCamera.in_vain += 1
        return self._left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.zeros((4, 6, 3), np.uint8)

    def release(self) -> None:
        pass


def test_a_camera_that_stalls_is_told_at_once_and_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcam.cv2, "VideoCapture", SilentCamera)
    monkeypatch.setattr(webcam, "_RETRY_S", 0.01)
    monkeypatch.setattr(webcam, "_SILENT_S", 0.08)
    stop, told = Event(), []
    for count, _ in enumerate(Webcam(0).frames(stop, told.append), 1):
        if count == 7:
            stop.set()
    assert SilentCamera.in_vain == 2  # one read each time, not five
    assert ["stopped sending" in line for line in told] == [True, False] * 2
    assert told[1] == told[3] == ""  # withdrawn with the first picture


def joined(folder: Path, *parts: tuple[list[int], tuple[int, int]]) -> VideoFile:
    """MPEG transport streams one behind the other, as `cat` joins them."""
    pieces = [
        write_clip(folder / f"{number}.ts", times_ms, size_wh).read_bytes()
        for number, (times_ms, size_wh) in enumerate(parts)
    ]
    path = folder / "joined.ts"
    path.write_bytes(b"".join(pieces))
    video = open_file(path)
    assert isinstance(video, VideoFile)
    return video


def processed(video: VideoFile, out: Path) -> list[str]:
    report = process_file(
        video,
        out,
        Settings(),
        make_pipeline=lambda config: FakePipeline(),
        make_compositor=FakeCompositor,
    )
    return report.notes


def test_pictures_that_change_their_size_are_shown_at_the_first_size(tmp_path: Path) -> None:
    video = joined(tmp_path, (steady(10), (96, 64)), ([400 + t for t in steady(10)], (160, 120)))
    notes = processed(video, tmp_path / "out.mp4")
    assert len(video_times_s(tmp_path / "out.mp4")) == 20
    assert {frame.image_rgb.shape for frame in video.frames()} == {(64, 96, 3)}
    assert any("changes its size" in note for note in notes)


@pytest.mark.parametrize("first_ms", [0, 3_600_000], ids=["as far as the first", "an hour further"])
def test_times_that_jump_back_lose_no_picture(tmp_path: Path, first_ms: int) -> None:
    video = joined(tmp_path, ([first_ms + t for t in steady(60)], (96, 64)), (steady(60), (96, 64)))
    notes = processed(video, tmp_path / "out.mp4")
    times_s = video_times_s(tmp_path / "out.mp4")
    assert len(times_s) == 120
    assert times_s[-1] == pytest.approx(119 / 30, abs=0.1)
    assert any("times jump" in note for note in notes)


def test_a_long_gap_is_kept_in_a_file_and_cut_short_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "a.mp4", [0, 33, 300_000])
    assert [frame.time_s for frame in open_file(clip).frames()][-1] == pytest.approx(300, abs=0.1)
    monkeypatch.setattr(live, "_LONGEST_WAIT_S", 0.1)
    stop, started_s = Event(), time.monotonic()
    for count, _ in enumerate(live_frames(str(clip), stop, lambda line: None), 1):
        if count == 3:
            stop.set()
    assert time.monotonic() - started_s < PATIENCE_S  # not 300 s


def damaged_middle(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[: middle - 400] + bytes(range(200)) * 4 + content[middle + 400 :]


@pytest.mark.parametrize("damage", [damaged_middle, lambda content: content[: len(content) // 3]])
def test_a_damaged_video_plays_round_and_round_with_a_line(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    clip = write_clip(tmp_path / "a.mp4", steady(90, fps=90), size_wh=(160, 120), faststart=True)
    clip.write_bytes(damage(clip.read_bytes()))
    stop, told = Event(), []
    for count, _ in enumerate(live_frames(str(clip), stop, told.append), 1):
        if (told and count > 100) or count > 300:
            stop.set()
    assert "damaged" in told[0] or "cut short" in told[0]


def test_a_title_that_is_not_utf8_is_no_reason_to_refuse_a_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "TITLE"
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))
    path.write_bytes(path.read_bytes().replace(b"TITLE", b"caf\xe9!"))
    assert len(list(open_file(path).frames())) == 1
