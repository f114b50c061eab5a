"""Sources: every awkward file works or says one clear line; cameras come and go."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from threading import Event

import cv2
import numpy as np
import pytest

from app.capture import (
    ImageFile,
    SourceError,
    VideoFile,
    live_frames,
    open_file,
    read_image,
    source_kind,
    source_path,
    source_title,
)
from tests.app.clips import numbered_picture, steady, write_clip
from tests.waiting import AT_ONCE_S


def frames_of(path: Path) -> list:
    return list(open_file(path).frames())


def test_a_video_gives_every_frame_with_its_own_time(tmp_path: Path) -> None:
    times_ms = [0, 10, 50, 60, 400, 1000]
    frames = frames_of(write_clip(tmp_path / "vfr.mp4", times_ms))
    assert [frame.index for frame in frames] == list(range(6))
    assert [frame.time_s for frame in frames] == pytest.approx([t / 1000 for t in times_ms], abs=1e-3)
    assert frames[0].image_rgb.dtype == np.uint8


def test_colours_are_right(tmp_path: Path) -> None:
    image = frames_of(write_clip(tmp_path / "a.mp4", steady(1)))[0].image_rgb
    assert np.abs(image[16, 24].astype(int) - (200, 30, 30)).max() < 12
    assert np.abs(image[50, 80].astype(int) - 60).max() < 8


@pytest.mark.parametrize(
    ("rotation", "corner"),  # where the red quarter goes; the turn is counter-clockwise, as FFmpeg counts
    [(90, (-1, 0)), (180, (-1, -1)), (-90, (0, -1))],
)
def test_a_portrait_video_is_turned_upright(tmp_path: Path, rotation: int, corner: tuple[int, int]) -> None:
    source = open_file(write_clip(tmp_path / "turned.mp4", steady(2), rotation=rotation))
    image = next(source.frames()).image_rgb
    assert source.size_wh == ((64, 96) if abs(rotation) == 90 else (96, 64))
    assert image.shape[:2] == source.size_wh[::-1]
    red, green = image[corner][0], image[corner][1]
    assert red > 150
    assert green < 80


@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuv422p", "yuv420p10le", "gray"])
def test_every_pixel_format_becomes_rgb(tmp_path: Path, pix_fmt: str) -> None:
    image = frames_of(write_clip(tmp_path / "a.mp4", steady(2), pix_fmt=pix_fmt))[0].image_rgb
    assert image.shape == (64, 96, 3)
    assert abs(int(image[50, 80, 1]) - 60) < 10


def test_pixels_that_are_not_square_are_stretched(tmp_path: Path) -> None:
    source = open_file(write_clip(tmp_path / "a.mp4", steady(2), aspect=Fraction(4, 3)))
    assert source.size_wh == (128, 64)


def test_a_single_frame_is_a_video(tmp_path: Path) -> None:
    assert len(frames_of(write_clip(tmp_path / "one.mp4", [0]))) == 1


@pytest.mark.fault
def test_a_truncated_video_gives_what_it_holds_and_says_so(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", steady(300), faststart=True).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    source = open_file(cut)
    assert isinstance(source, VideoFile)
    assert 60 < len(list(source.frames())) < 290
    assert len(source.notes) == 1
    assert "cut short" in source.notes[0]


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("this is a shopping list\nmilk\n" * 20)
    (folder / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n")
    (folder / "text.png").write_text("no picture")
    (folder / "half.mp4").write_bytes(write_clip(folder / "w.mp4", steady(30)).read_bytes()[:1500])
    return {
        "empty": (folder / "empty.mp4", "empty"),
        "text as video": (folder / "text.mp4", "not a readable video"),
        "playlist as video": (folder / "playlist.mp4", "playlist.mp4"),
        "text as image": (folder / "text.png", "not an image"),
        "no index": (folder / "half.mp4", "not a readable video"),
        "folder": (folder, "folder"),
        "missing": (folder / "missing.mp4", "does not exist"),
    }


@pytest.mark.fault
def test_bad_files_say_one_clear_line(tmp_path: Path) -> None:
    for name, (path, expected) in bad_files(tmp_path).items():
        with pytest.raises(SourceError) as caught:
            open_file(path)
        line = str(caught.value)
        assert str(path) in line, name
        assert expected in line, name
        assert "\n" not in line, name


def test_an_image_is_a_source_of_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "ä picture.png"
    path.write_bytes(cv2.imencode(".png", numbered_picture(0, 41, 31)[..., ::-1])[1].tobytes())
    source = open_file(path)
    assert isinstance(source, ImageFile)
    assert source.size_wh == (41, 31)
    assert np.array_equal(next(source.frames()).image_rgb, numbered_picture(0, 41, 31))


def test_grey_images_become_rgb(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    path.write_bytes(cv2.imencode(".png", np.full((8, 9, 1), 77, np.uint8))[1].tobytes())
    assert (read_image(path) == 77).all()


def test_source_names() -> None:
    assert [source_kind(s) for s in ("0", "demo", "clip.mp4")] == ["camera", "demo", "file"]
    assert source_title("/a/clip.mp4") == "clip.mp4"
    with pytest.raises(SourceError, match="is a camera"):
        source_path("0")


def test_live_plays_a_file_at_its_own_rate_and_again(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [0, 40, 80, 120])
    frames, stop = [], Event()
    begin_s = time.monotonic()
    for frame in live_frames(str(path), stop, lambda line: None):
        frames.append((frame, time.monotonic()))
        if len(frames) == 9:
            stop.set()
    times_s = np.array([frame.time_s for frame, _ in frames])
    assert (np.diff(times_s) > 0.02).all()
    assert [frame.index for frame, _ in frames] == list(range(9))
    assert all(-0.001 < seen_s - frame.time_s < AT_ONCE_S for frame, seen_s in frames)
    assert time.monotonic() - begin_s > 0.28


def test_live_repeats_an_image(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(cv2.imencode(".png", numbered_picture(0, 8, 8))[1].tobytes())
    stop, count = Event(), 0
    for _ in live_frames(str(path), stop, lambda line: None):
        count += 1
        if count == 3:
            stop.set()
    assert count == 3
