"""Pictures and videos as phones, cameras and the web have them, made on the spot."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

QUADRANTS = np.array([[(230, 30, 30), (30, 200, 30)], [(30, 30, 230), (220, 170, 140)]], np.uint8)
"""Red, green / blue, skin, as stored: every turn and mirror of it looks different."""


def quadrants(width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """(H, W, 3)."""
    return QUADRANTS.repeat(height // 2, 0).repeat(width // 2, 1)


def corners(image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(2, 2, 3) the colours in the middles of the four quarters."""
    h, w = image_rgb.shape[:2]
    return image_rgb[np.ix_([h // 4, 3 * h // 4], [w // 4, 3 * w // 4])]


def looks_like(image_rgb: NDArray[np.uint8], expected: NDArray[np.uint8]) -> bool:
    """Whether the four quarters have these colours, but for what encoding costs."""
    return bool(np.abs(corners(image_rgb).astype(int) - expected.astype(int)).max() < 16)


def video_with_matrix(path: Path, matrix: tuple[float, float, float, float], count: int = 3) -> Path:
    """An MP4 with this display matrix: pixel (p, q) is shown at (a p + c q, b p + d q)."""
    write_video(path, [quadrants()] * count)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    a, b, c, d = matrix
    numbers = [65536 * x for x in (a, b, 0, c, d, 0, 0, 0)]
    data[at : at + 36] = struct.pack(">9i", *map(round, numbers), 1 << 30)
    path.write_bytes(data)
    return path


def write_video(
    path: Path,
    pictures: list[NDArray[np.uint8]],
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container: str | None = None,
    matrix: str | None = None,
) -> Path:
    """Of RGB or RGBA pictures (H, W, 3 or 4), ten a second. matrix: of its colours, left unsaid."""
    with av.open(f"file:{path}", "w", format=container) as file:
        stream = file.add_stream(codec, rate=10, options=options or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "rgba" if picture.shape[2] == 4 else "rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 10)
            coded = frame.reformat(format=pix_fmt, dst_colorspace=matrix)
            if matrix:
                coded.colorspace = 2  # unspecified
            file.mux(stream.encode(coded))
        file.mux(stream.encode(None))
    return path


def hdr_video(path: Path, codes: list[float], transfer: int, count: int = 2) -> Path:
    """Ten bits in BT.2020: grey stripes, 32 pixels each, of these codes, 0 to 1. transfer: 16 PQ, 18 HLG."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32 * len(codes), 64, "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace, context.color_range = (
            transfer,
            9,
            9,
            1,
        )
        for k in range(count):
            frame = av.VideoFrame(stream.width, 64, "yuv420p10le")
            luma = np.round(64 + 876 * np.array(codes)).repeat(32)
            for plane, value in zip(frame.planes, (luma, 512, 512), strict=True):
                rows = np.ndarray((plane.height, plane.line_size // 2), np.uint16, memoryview(plane))
                rows[:, : plane.width] = value
            frame.color_trc, frame.color_primaries, frame.colorspace, frame.color_range = transfer, 9, 9, 1
            frame.pts, frame.time_base = k, Fraction(1, 10)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def interlaced_video(path: Path, count: int = 8, step_px: int = 16) -> Path:
    """A white bar that moves to the right between the two fields of each frame, top field first."""
    pictures = []
    for k in range(count):
        frame = np.full((64, 256, 3), 40, np.uint8)
        for field in (0, 1):
            x = 20 + step_px * (2 * k + field) // 2
            frame[field::2, x : x + 24] = 220
        pictures.append(frame)
    return write_video(path, pictures, options={"flags": "+ildct+ilme", "x264-params": "tff=1", "crf": "8"})


def combing(image_rgb: NDArray[np.uint8]) -> float:
    """How much neighbouring lines differ beyond lines that are two apart: large where fields are woven."""
    grey = image_rgb[..., 1].astype(float)
    near, far = np.abs(np.diff(grey, axis=0))[:-1].mean(), np.abs(grey[2:] - grey[:-2]).mean()
    return float(near - far)


def animation(path: Path, count: int = 8, ms: int = 80, hidden: bool = False, **options: object) -> Path:
    """A WebP, PNG, GIF or AVIF of several pictures. hidden: their right half is red under no alpha at all."""
    pictures = []
    for k in range(count):
        picture = np.dstack([np.full((48, 64), value, np.uint8) for value in (20, 60, 30 + 25 * k, 255)])
        picture[k, k] = (255, 0, 0, 255)
        if hidden:
            picture[:, 32:] = (255, 0, 0, 0)
        pictures.append(Image.fromarray(picture if hidden else np.ascontiguousarray(picture[..., :3])))
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=ms, loop=0, **options)
    return path


def with_exif(path: Path, image_rgb: NDArray[np.uint8], orientation: int, **options: object) -> Path:
    """A picture stored as it is, that says by EXIF how it is to be turned and mirrored."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image_rgb).save(path, exif=exif, **options)
    return path


def heic(
    path: Path,
    image_rgb: NDArray[np.uint8],
    tile: int = 64,
    turns: int = 0,
    mirror: int | None = None,
    colours: bytes = b"",
) -> Path:
    """A HEIC as an iPhone writes it: a grid of tiles, hidden items of their own, and how it is turned.

    turns: counter-clockwise, by 90 degrees. mirror: then top to bottom (0) or left to right (1).
    colours: what a colr box holds.
    """
    h, w = image_rgb.shape[:2]
    columns, rows = -(-w // tile), -(-h // tile)
    padded = np.pad(image_rgb, ((0, rows * tile - h), (0, columns * tile - w), (0, 0)), mode="edge")
    coded = [
        _hevc(padded[y * tile : (y + 1) * tile, x * tile : (x + 1) * tile])
        for y in range(rows)
        for x in range(columns)
    ]
    count = len(coded)
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, w, h)
    properties = [coded[0][0], _full(b"ispe", struct.pack(">II", tile, tile))]
    properties.append(_full(b"ispe", struct.pack(">II", w, h)))
    if turns:
        properties.append(_box(b"irot", bytes([turns])))
    if mirror is not None:
        properties.append(_box(b"imir", bytes([mirror])))
    if colours:
        properties.append(_box(b"colr", colours))
    names = b"".join(
        _full(b"infe", struct.pack(">HH4sB", k + 1, 0, kind, 0), 2, 1 if kind == b"hvc1" else 0)
        for k, kind in enumerate([b"hvc1"] * count + [b"grid"])
    )
    own = [3, *range(4, len(properties) + 1)]
    tied = b"".join(struct.pack(">HBBB", k + 1, 2, 0x81, 2) for k in range(count))
    tied += struct.pack(">HB", count + 1, len(own)) + bytes(k | (0x80 if k > 3 else 0) for k in own)
    boxes = [
        _full(b"hdlr", struct.pack(">I4s12xB", 0, b"pict", 0)),
        _full(b"pitm", struct.pack(">H", count + 1)),
        _full(b"iinf", struct.pack(">H", count + 1) + names),
        _full(b"iref", _box(b"dimg", struct.pack(f">HH{count}H", count + 1, count, *range(1, count + 1)))),
        _box(
            b"iprp", _box(b"ipco", b"".join(properties)) + _full(b"ipma", struct.pack(">I", count + 1) + tied)
        ),
    ]
    parts = [data for _, data in coded] + [grid]
    head = _box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def places(first: int) -> bytes:
        starts = first + np.cumsum([0, *map(len, parts)])
        each = (struct.pack(">HHHII", k + 1, 0, 1, int(starts[k]), len(part)) for k, part in enumerate(parts))
        return _full(b"iloc", struct.pack(">BBH", 0x44, 0, len(parts)) + b"".join(each))

    size = len(head) + len(_full(b"meta", b"".join(boxes) + places(0))) + 8
    path.write_bytes(head + _full(b"meta", b"".join(boxes) + places(size)) + _box(b"mdat", b"".join(parts)))
    return path


def _hevc(tile_rgb: NDArray[np.uint8]) -> tuple[bytes, bytes]:
    """The decoder's configuration, a box, and the coded picture, as libheif makes them for one picture."""
    import pillow_heif

    made = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(tile_rgb)).save(made, format="HEIF", quality=95)
    data = made.getvalue()
    at, media = data.index(b"hvcC") - 4, data.index(b"mdat")
    size, length = (int.from_bytes(data[k : k + 4], "big") for k in (at, media - 4))
    return data[at : at + size], data[media + 4 : media - 4 + length]


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _full(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + content)
