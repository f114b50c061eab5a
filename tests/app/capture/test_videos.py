"""Videos as phones and cameras write them: mirrored, HDR, interlaced, transparent, oddly named."""

from __future__ import annotations

import os
import struct
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from app.capture import SourceError, open_file
from app.capture.tone import _709_FROM_2020, _709_FROM_P3, BT2020, HLG, P3, PQ, shown
from app.recorder import VideoWriter
from tests.app.capture.media_files import (
    QUADRANTS,
    combing,
    corners,
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


@pytest.mark.parametrize("primaries", [BT2020, P3])
def test_wide_colours_that_are_no_hdr_are_not_washed_out(tmp_path: Path, primaries: int) -> None:
    """sRGB's colours, coded in wider primaries, come back as they were."""
    to_709 = {BT2020: _709_FROM_2020, P3: _709_FROM_P3}[primaries]
    linear = ((QUADRANTS / 255 + 0.055) / 1.055) ** 2.4 @ np.linalg.inv(to_709).T
    coded = np.rint(255 * (1.055 * np.clip(linear, 0, 1) ** (1 / 2.4) - 0.055)).astype(np.uint8)
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv444p"
        stream.codec_context.color_primaries, stream.codec_context.colorspace = primaries, 1
        picture = coded.repeat(120, 0).repeat(160, 1)
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv444p", dst_colorspace=1)
        frame.color_primaries, frame.colorspace, frame.pts = primaries, 1, 0
        frame.time_base = Fraction(1, 10)
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    shown_rgb = corners(next(open_file(path).frames()).image_rgb).astype(int)
    assert np.abs(corners(picture).astype(int) - QUADRANTS).max() > 30  # what it would be
    assert np.abs(shown_rgb - QUADRANTS).max() < 20


def test_an_hdr_video_of_a_phone_held_upright_is_turned(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=10, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = HLG, BT2020, 9
        for k in range(3):
            frame = av.VideoFrame.from_ndarray(quadrants(), "rgb24").reformat(format="yuv420p10le")
            frame.color_trc, frame.color_primaries, frame.colorspace = HLG, BT2020, 9
            frame.pts, frame.time_base = k, Fraction(1, 10)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    data[at : at + 36] = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    frames = [frame.image_rgb for frame in open_file(path).frames()]
    assert len(frames) == 3
    assert frames[0].shape == (320, 240, 3)
    red = corners(frames[0])[0, 1]  # it was at the top left
    assert red[0] > red[1] + 40


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
