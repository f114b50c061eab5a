"""Videos as phones and cameras write them: mirrored, HDR, interlaced, transparent, oddly named."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from app.capture import SourceError, open_file
from app.capture.tone import HLG, PQ, shown
from app.recorder import VideoWriter
from tests.app.capture.media_files import (
    QUADRANTS,
    combing,
    hdr_video,
    interlaced_video,
    looks_like,
    quadrants,
    video_with_matrix,
    write_video,
)

MATRICES = {
    (1, 0, 0, 1): QUADRANTS,
    (-1, 0, 0, 1): QUADRANTS[:, ::-1],
    (1, 0, 0, -1): QUADRANTS[::-1],
    (-1, 0, 0, -1): QUADRANTS[::-1, ::-1],
    (0, 1, -1, 0): np.rot90(QUADRANTS, -1),
    (0, -1, 1, 0): np.rot90(QUADRANTS),
    (0, 1, 1, 0): QUADRANTS.swapaxes(0, 1),
    (0, -1, -1, 0): QUADRANTS.swapaxes(0, 1)[::-1, ::-1],
}


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_display_matrix_turns_and_mirrors(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    source = open_file(video_with_matrix(tmp_path / "a.mp4", matrix))
    assert source.size_wh == ((320, 240) if matrix[0] else (240, 320))
    for frame in source.frames():
        assert looks_like(frame.image_rgb, MATRICES[matrix])


@pytest.mark.parametrize("transfer", [HLG, PQ])
def test_hdr_is_shown_as_a_phone_shows_it(tmp_path: Path, transfer: int) -> None:
    """By what grey cards are: black, a dark grey, the 18 % grey card, a white sheet, the brightest light."""
    codes = {HLG: [0.0, 0.19, 0.38, 0.75, 1.0], PQ: [0.0, 0.25, 0.407, 0.581, 0.752]}[transfer]
    source = open_file(hdr_video(tmp_path / "a.mkv", codes, transfer))
    frames = list(source.frames())
    assert len(frames) == 2
    black, dark, grey, white, light = (int(frames[0].image_rgb[32, 16 + 32 * k, 1]) for k in range(5))
    assert black < 8
    assert 22 < dark < 55
    assert 95 < grey < 130  # sRGB has it at 118
    assert 222 < white < 240
    assert light > 250
    assert np.ptp(frames[0].image_rgb[32, 16::32].astype(int), axis=1).max() < 6  # grey stays grey


def test_colours_of_hdr_keep_their_hue() -> None:
    """A red of BT.709, as bright as a white sheet's red, coded as HDR in BT.2020 comes back as that red."""
    red_2020 = np.array([0.6274, 0.0691, 0.0164]) * 40  # cd/m², below the knee
    root = (red_2020 / 1e4) ** (2610 / 16384)
    code = ((3424 / 4096 + 2413 / 128 * root) / (1 + 2392 / 128 * root)) ** (2523 / 32)
    back = shown(code[None], PQ)[0]
    assert back[0] == pytest.approx(1.055 * (40 / 203) ** (1 / 2.4) - 0.055, abs=0.01)
    assert back[1:].max() < 0.03


def test_interlaced_video_is_deinterlaced_and_no_frame_is_lost(tmp_path: Path) -> None:
    source = open_file(interlaced_video(tmp_path / "a.mp4"))
    frames = list(source.frames())
    assert len(frames) == 8
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(8) / 10, abs=1e-3)
    assert frames[0].duration_s == pytest.approx(0.1, abs=1e-3)
    assert max(combing(frame.image_rgb) for frame in frames) < 1.0  # woven: 10


def test_progressive_video_passes_untouched(tmp_path: Path) -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[::2] = 200  # a deinterlacer would take them away
    path = write_video(tmp_path / "a.mkv", [stripes] * 4, codec="ffv1", pix_fmt="yuv444p")
    assert combing(next(open_file(path).frames()).image_rgb) > 150


def test_a_video_with_alpha_is_laid_on_white(tmp_path: Path) -> None:
    picture = np.dstack([quadrants(), np.full((240, 320), 255, np.uint8)])
    picture[:120, :160, 3] = 0
    path = write_video(tmp_path / "a.mov", [picture] * 2, "prores_ks", "yuva444p10le")
    expected = QUADRANTS.copy()
    expected[0, 0] = 255
    assert looks_like(next(open_file(path).frames()).image_rgb, expected)


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_transparency_that_webm_keeps_beside_the_picture_is_seen(tmp_path: Path, codec: str) -> None:
    picture = np.dstack([quadrants(), np.full((240, 320), 255, np.uint8)])
    picture[:120, :160, 3] = 0
    path = write_video(tmp_path / "a.webm", [picture] * 2, codec, "yuva420p", {"auto-alt-ref": "0"})
    frames = list(open_file(path).frames())
    expected = QUADRANTS.copy()
    expected[0, 0] = 255
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1])
    assert all(looks_like(frame.image_rgb, expected) for frame in frames)


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), "ITU709"), ((640, 480), "SMPTE170M")])
def test_a_video_that_names_no_colours_is_taken_for_what_its_size_is_usual_for(
    tmp_path: Path, size: tuple[int, int], matrix: str
) -> None:
    path = write_video(tmp_path / "a.mp4", [quadrants(*size)] * 2, matrix=matrix)
    assert looks_like(next(open_file(path).frames()).image_rgb, QUADRANTS)


def test_sound_with_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "song.m4a"), "w", format="mp4") as file:
        sound, cover = file.add_stream("aac", rate=48_000, layout="mono"), file.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 320, 240, "rgb24"
        cover.disposition = Disposition.attached_pic
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        silence.sample_rate = 48_000
        file.mux(sound.encode(silence))
        file.mux(cover.encode(av.VideoFrame.from_ndarray(quadrants(), "rgb24")))
        file.mux([*sound.encode(None), *cover.encode(None)])
    with pytest.raises(SourceError, match="holds no video"):
        open_file(tmp_path / "song.m4a")


@pytest.mark.skipif(sys.platform == "win32", reason="no colons in names there")
@pytest.mark.parametrize("name", ["take 1:2.mp4", "http:clip.mp4", "concat:a.mp4", "data:.mp4", "-i.mp4"])
def test_names_with_a_colon_are_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    writer = VideoWriter(Path(name), (320, 240), live=False)
    writer.write(quadrants(), 0.0)
    writer.close()
    assert os.listdir() == [name]
    assert looks_like(next(open_file(name).frames()).image_rgb, QUADRANTS)
