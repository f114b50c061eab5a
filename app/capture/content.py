"""What a file is, by its first bytes: its ending may say anything."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

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
_OLD_MOVIE = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}  # a QuickTime file may begin so
_TS_PACKETS = ((0, 188), (4, 192))  # of MPEG's transport stream, of cameras' M2TS: first mark, step
_VIDEO = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"qt  ", b"M4V ", b"avc1"}


def content_of(path: Path) -> Content | None:
    """What the file holds; None: nothing that its first bytes tell, and perhaps a video. Raises OSError.

    "animation": a WebP or AVIF of several pictures. A GIF, and a PNG of several, count as videos.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "video" if b"acTL" in head.partition(b"IDAT")[0] else "picture"
    if head.startswith((b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "picture"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "picture"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "video"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "animation" if head[12:16] == b"VP8X" and head[20] & 2 else "picture"
    if head[4:8] == b"ftyp":
        return _boxed(head)
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
