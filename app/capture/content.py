"""What a file is, by its first bytes: its ending may say anything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from app.capture.fault import SourceError

Content = Literal["picture", "HEIF", "AVIF", "animation", "video"]

_HEAD_BYTES = 4096
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}  # sizes
_STILL = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif", b"avci"}
_MOVING = {b"msf1", b"hevc", b"hevx", b"hevm", b"hevs"}  # sequences, kept as videos are
_VIDEO_HEADS = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"0&\xb2u\x8ef\xcf\x11",  # ASF: WMV
    b"OggS",
    b"\0\0\x01\xba",  # MPEG's program stream
    b"\0\0\x01\xb3",
    b"\x06\x0e+4",  # MXF
    b"\x1f\x07\0",  # DV
)
_PICTURE_HEADS = (
    b"\xff\xd8\xff",  # JPEG
    b"II*\0", b"MM\0*", b"II+\0", b"MM\0+",  # TIFF
    b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51",  # JPEG 2000, in its file and bare
    b"8BPS",  # Photoshop
    b"qoif",
    b"DDS ",
    b"#?RADIANCE", b"#?RGBE",
)  # fmt: skip
_PNM_HEAD = re.compile(rb"P[1-7]\s")
RAW = "a camera's raw file, of which only a small picture can be read; export it as JPEG, PNG or TIFF"
_OTHERS = (  # how files begin that are pictures no library here reads
    (b"\xff\x0a", "a JPEG XL picture, which can't be read; export it as JPEG, PNG or HEIC"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture, which can't be read; export it as JPEG, PNG or HEIC"),
    (b"v/1\x01", "an OpenEXR picture, which can't be read; export it as PNG or TIFF"),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\0", RAW),
    (b"\0MRM", RAW),
    (b"FOVb", RAW),
    (b"%PDF", "a PDF, no picture; export its page as PNG or JPEG"),
    (b"%!PS", "a PostScript drawing, no picture; export it as PNG or JPEG"),
    (b"<svg", "an SVG drawing, no picture; export it as PNG"),
    (b"<?xml", "an SVG drawing or another text, no picture; export it as PNG"),
    (b"<!DOCTYPE", "a web page, no picture; download the picture itself"),
    (b"<!doctype", "a web page, no picture; download the picture itself"),
    (b"<html", "a web page, no picture; download the picture itself"),
    (b"PK\3\4", "a ZIP archive; unpack it and give a video or image in it"),
)
_OLD_MOVIE = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}  # a QuickTime file may begin so
_TS_PACKETS = ((0, 188), (4, 192))  # of MPEG's transport stream, of cameras' M2TS: first mark, step
_VIDEO = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"qt  ", b"M4V ", b"avc1"}


def content_of(path: Path) -> Content | None:
    """What the file holds; None: nothing that its first bytes tell, and perhaps a video.

    Raises OSError, and SourceError for what surely is neither a picture nor a video that can be read.
    "animation": a WebP or AVIF of several pictures. A GIF, and a PNG of several, count as videos.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "video" if b"acTL" in head.partition(b"IDAT")[0] else "picture"
    if head.startswith(_PICTURE_HEADS) or _PNM_HEAD.match(head):
        return "picture"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "picture"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "video"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "animation" if head[12:16] == b"VP8X" and head[20] & 2 else "picture"
    if head[4:12] == b"ftypcrx ":
        raise SourceError(f"{path} is {RAW}")
    if head[4:8] == b"ftyp":
        return _boxed(head)
    for begin, what in _OTHERS:
        if head.removeprefix(b"\xef\xbb\xbf").startswith(begin):
            raise SourceError(f"{path} is {what}")
    return "video" if _begins_a_video(head) else None


def _begins_a_video(head: bytes) -> bool:
    """Of the kinds that don't say it by brands."""
    if head.startswith(_VIDEO_HEADS) or head[4:8] in _OLD_MOVIE:
        return True
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return True
    return any(set(head[first::step]) == {0x47} and len(head) > 4 * step for first, step in _TS_PACKETS)


def _boxed(head: bytes) -> Content:
    """HEIF and AVIF are made of boxes as MP4 is; the brands in the first one tell."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    first, *others = (head[at : at + 4] for at in (8, *range(16, size - 3, 4)))
    if first == b"avis":
        return "animation"
    if first in _MOVING or first in _VIDEO or not _STILL & {first, *others}:
        return "video"
    return "AVIF" if b"avif" in (first, *others) else "HEIF"
