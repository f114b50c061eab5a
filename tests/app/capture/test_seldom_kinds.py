"""Pictures and videos that are seldom brought: read rightly, or refused in a line that says what they are."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from app.capture import SourceError, VideoFile, open_file, read_image
from app.capture.one_tile import of_one_tile
from app.capture.tone import PQ, shown
from tests.app.capture.media_files import QUADRANTS, looks_like, quadrants, write_video
from tests.app.capture.test_pictures import UPRIGHT

_RGB = quadrants()
_IMAGE = Image.fromarray(_RGB)


def _linear() -> np.ndarray:
    code = _RGB[..., ::-1].astype(np.float64) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _photoshop(path: Path) -> None:
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, *_RGB.shape[:2], 8, 3) + bytes(14)
    path.write_bytes(head + np.ascontiguousarray(_RGB.transpose(2, 0, 1)).tobytes())


def _lab(path: Path) -> None:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    ImageCms.applyTransform(_IMAGE, ImageCms.buildTransform(*profiles, "RGB", "LAB")).save(path)


def _animated(path: Path) -> None:
    _IMAGE.save(path, "MPO", save_all=True, append_images=[_IMAGE.rotate(180)], quality=95)


PICTURES: dict[str, Callable[[Path], object]] = {
    "photo.jp2": lambda path: _IMAGE.save(path),
    "photo.j2k": lambda path: _IMAGE.save(path),
    "jpeg_2000.jpg": lambda path: _IMAGE.save(path, "JPEG2000"),
    "two_eyes.mpo": _animated,
    "game.tga": lambda path: _IMAGE.save(path),
    "plain.ppm": lambda path: _IMAGE.save(path),
    "layers.psd": _photoshop,
    "quick.qoi": lambda path: _IMAGE.save(path),
    "texture.dds": lambda path: _IMAGE.save(path),
    "old.pcx": lambda path: _IMAGE.save(path),
    "lab.tif": _lab,
    "floats.tif": lambda path: cv2.imwrite(str(path), _linear()),
    "radiance.hdr": lambda path: cv2.imwrite(str(path), _linear()),
    "deep.tif": lambda path: cv2.imwrite(str(path), _RGB[..., ::-1].astype(np.uint16) * 257),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_seldom_picture_is_right(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    PICTURES[name](tmp_path / name)
    assert looks_like(open_file(tmp_path / name).image_rgb, QUADRANTS)  # type: ignore[union-attr]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mpeg", "mpeg2video"), ("h264", "libx264"), ("ivf", "libvpx"), ("mpegts", "libx264")],
)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a"])
def test_a_stream_may_have_a_pictures_ending(tmp_path: Path, container: str, codec: str, name: str) -> None:
    options = {"b": "4000000"}
    path = write_video(tmp_path / name, [_RGB] * 12, codec, options=options, container=container)
    file = open_file(path)
    assert isinstance(file, VideoFile)
    frames = list(file.frames())
    assert len(frames) == 12
    assert looks_like(frames[-1].image_rgb, QUADRANTS)


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (6, -1), (3, 2), (8, 1)])
def test_a_cameras_motion_jpeg_has_exif_in_its_frames(tmp_path: Path, orientation: int, turns: int) -> None:
    exif, jpeg = Image.Exif(), io.BytesIO()
    exif[0x0112], exif[0x010F] = orientation, "A camera"
    _IMAGE.save(jpeg, "JPEG", exif=exif, quality=95)
    with av.open(str(tmp_path / "MVI_1.AVI"), "w", format="avi") as file:
        stream = file.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuvj420p"
        for k in range(3):
            packet = av.Packet(jpeg.getvalue())
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, k, k, Fraction(1, 10)
            file.mux(packet)
    frames = list(open_file(tmp_path / "MVI_1.AVI").frames())
    assert len(frames) == 3
    assert looks_like(frames[0].image_rgb, np.rot90(QUADRANTS, turns))


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_large_heic_of_one_tile_is_turned_as_it_says(tmp_path: Path, orientation: int) -> None:
    import pillow_heif

    exif = Image.Exif()
    exif[0x0112] = orientation
    large = Image.fromarray(quadrants(1800, 1200))
    pillow_heif.from_pillow(large).save(tmp_path / "a.heic", quality=60, exif=exif.tobytes())
    data, size_wh = (tmp_path / "a.heic").read_bytes(), (1200, 1800) if orientation > 4 else (1800, 1200)
    assert of_one_tile(data, size_wh) is not None  # by FFmpeg, quickly
    assert of_one_tile(data, (1799, 1200)) is None
    assert looks_like(read_image(tmp_path / "a.heic"), UPRIGHT[orientation])


def test_a_png_says_that_it_is_hdr(tmp_path: Path) -> None:
    """As screenshots of HDR screens do, by the chunk that goes before its profile."""
    code = 0.5
    _, data = cv2.imencode(".png", np.full((32, 40, 3), round(code * 65535), np.uint16))
    plain = data.tobytes()
    at = plain.index(b"IDAT") - 4
    chunk = b"cICP" + bytes([9, PQ, 0, 1])
    said = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(plain[:at] + said + plain[at:])
    expected = 255 * shown(np.full((1, 3), code), PQ)[0]
    assert np.abs(read_image(tmp_path / "a.png")[16, 20] - expected).max() < 3


REFUSED = {
    "photo.jxl": (b"\xff\x0a" + bytes(60), "a JPEG XL picture"),
    "boxed.jpg": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60), "a JPEG XL picture"),
    "light.exr": (b"v/1\x01" + bytes(60), "an OpenEXR picture"),
    "IMG_1.CR3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera's raw file"),
    "DSCF1.RAF": (b"FUJIFILMCCD-RAW 0201" + bytes(60), "a camera's raw file"),
    "P1.ORF": (b"IIRO" + bytes(60), "a camera's raw file"),
    "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
    "page.jpg": (b"<!DOCTYPE html><html>404", "a web page"),
    "scan.png": (b"%PDF-1.7\n", "a PDF"),
    "drawing.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a PostScript drawing"),
    "photos.jpg": (b"PK\3\4" + bytes(60), "a ZIP archive"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_said_what_it_is(tmp_path: Path, name: str) -> None:
    head, what = REFUSED[name]
    (tmp_path / name).write_bytes(head)
    for read in (open_file, read_image):
        with pytest.raises(SourceError, match=what) as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_picture_of_ten_thousand_megapixels_is_called_too_large(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for side in (100_000, 30_000):
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        body = chunk(b"IDAT", zlib.compress(bytes(3 * side + 1))) + chunk(b"IEND", b"")
        (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + body)
        with pytest.raises(SourceError, match="too large"):
            read_image(tmp_path / "a.png")
    assert capfd.readouterr().err == ""
