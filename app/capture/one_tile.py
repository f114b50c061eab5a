"""HEIF pictures of a single tile by FFmpeg, whose decoder takes several threads to it: in half the time."""

from __future__ import annotations

import io

import av
import numpy as np

from models.types import UInt8

_LEAST_PIXELS = 2_000_000  # smaller ones are soon read anyhow
_EIGHT_BITS = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
_HEAD_BYTES = 1 << 16  # in which the boxes are


def of_one_tile(data: bytes, size_wh: tuple[int, int]) -> UInt8 | None:
    """(H, W, 3) of a large HEIF file, turned as it says; None where it is of other kinds, or FFmpeg can't.

    size_wh: as shown. Where several boxes turn, or several mirror, one may be a thumbnail's: left to others.
    """
    head = data[:_HEAD_BYTES]
    if size_wh[0] * size_wh[1] < _LEAST_PIXELS or max(map(head.count, (b"irot", b"imir"))) > 1:
        return None
    try:
        with av.open(io.BytesIO(data), "r", options={"format_whitelist": "mov"}) as container:
            streams = container.streams.video
            if len(streams) != 1 or sorted((streams[0].width, streams[0].height)) != sorted(size_wh):
                return None
            if streams[0].pix_fmt not in _EIGHT_BITS:
                return None
            streams[0].thread_type = "SLICE"
            pixels = next(container.decode(streams[0])).to_ndarray(format="rgb24")
    except (av.error.FFmpegError, StopIteration, ValueError):
        return None
    turned = _turned(np.asarray(pixels, np.uint8), head)
    return np.ascontiguousarray(turned) if turned.shape[1::-1] == size_wh else None


def _turned(image_rgb: UInt8, head: bytes) -> UInt8:
    """By the boxes irot and imir, in this order (ISO/IEC 23008-12, 6.5.10 and 6.5.12)."""
    turns, mirror = (head.find(kind) + 4 for kind in (b"irot", b"imir"))
    if 4 <= turns < len(head):
        image_rgb = np.rot90(image_rgb, head[turns] & 3)
    if 4 <= mirror < len(head):
        image_rgb = image_rgb[:, ::-1] if head[mirror] & 1 else image_rgb[::-1]
    return image_rgb
