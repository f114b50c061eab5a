"""The sizes and rates that a camera's driver lists, by Linux's Video4Linux2.

Structures and numbers are those of linux/videodev2.h. Enumerating disturbs no program that looks through the
camera.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.capture.modes import CameraMode, offered

Ioctl = Callable[[int, int, bytearray], object]
"""ioctl(file, request, buffer): fills the buffer; raises OSError where a list has ended."""

_CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
_COMPRESSED = frozenset({b"MJPG", b"JPEG"})
_READABLE = _COMPRESSED | {
    b"YUYV", b"UYVY", b"YVYU", b"VYUY", b"NV12", b"NV21", b"YU12", b"YV12", b"RGB3", b"BGR3", b"GREY"
}  # fmt: skip
"""What OpenCV turns into a picture; depth and infrared cameras list others."""
_DISCRETE = 1  # of sizes and of rates alike; 2 and 3 are ranges
_MOST = 256  # entries of a list: a driver that never ends it is not followed for ever
_USUAL_SIZES = ((640, 480), (800, 600), (1280, 720), (1280, 960), (1920, 1080), (2560, 1440), (3840, 2160))
_USUAL_FPS = (15.0, 24.0, 30.0, 60.0, 90.0, 120.0)

_FMTDESC = struct.Struct("=II I 32s I I 3I")  # index, type, flags, description, pixelformat, mbus, reserved
_FRAMESIZE = struct.Struct("=III 6I 2I")  # index, pixel_format, type, sizes, reserved
_FRAMEINTERVAL = struct.Struct(
    "=IIIII 6I 2I"
)  # index, pixel_format, width, height, type, intervals, reserved


def _both_ways(number: int, size: int) -> int:
    """_IOWR('V', number, size bytes)."""
    return 3 << 30 | size << 16 | ord("V") << 8 | number


ENUM_FORMATS = _both_ways(2, _FMTDESC.size)
ENUM_SIZES = _both_ways(74, _FRAMESIZE.size)
ENUM_INTERVALS = _both_ways(75, _FRAMEINTERVAL.size)


def driver_modes(device: Path, ioctl: Ioctl | None = None) -> tuple[CameraMode, ...]:
    """The modes of /dev/videoN, largest first; none where the driver can't be asked."""
    if not sys.platform.startswith("linux") and ioctl is None:
        return ()
    try:
        with _opened(device) as file:
            return offered(_modes(file, ioctl or _system_ioctl))
    except OSError:
        return ()


def _modes(file: int, ioctl: Ioctl) -> Iterator[CameraMode]:
    for pixel_format in _formats(file, ioctl):
        if pixel_format not in _READABLE:
            continue
        compressed = pixel_format in _COMPRESSED
        for width, height in _sizes(file, ioctl, pixel_format):
            for fps in _rates(file, ioctl, pixel_format, width, height):
                try:
                    yield CameraMode(width, height, fps, compressed)
                except ValueError:
                    continue  # a driver may list anything


def _formats(file: int, ioctl: Ioctl) -> Iterator[bytes]:
    for index in range(_MOST):
        answer = _asked(file, ioctl, ENUM_FORMATS, _FMTDESC, index, _CAPTURE)
        if answer is None:
            return
        yield struct.pack("=I", answer[4])


def _sizes(file: int, ioctl: Ioctl, pixel_format: bytes) -> Iterator[tuple[int, int]]:
    (code,) = struct.unpack("=I", pixel_format)
    for index in range(_MOST):
        answer = _asked(file, ioctl, ENUM_SIZES, _FRAMESIZE, index, code)
        if answer is None:
            return
        kind, numbers = answer[2], answer[3:9]
        if kind == _DISCRETE:
            yield numbers[0], numbers[1]
            continue
        least_w, most_w, step_w, least_h, most_h, step_h = numbers
        for width, height in _USUAL_SIZES:
            fits = least_w <= width <= most_w and least_h <= height <= most_h
            if fits and not (width - least_w) % max(step_w, 1) and not (height - least_h) % max(step_h, 1):
                yield width, height
        return


def _rates(file: int, ioctl: Ioctl, pixel_format: bytes, width: int, height: int) -> Iterator[float]:
    """Pictures a second; 30 where the driver lists none."""
    (code,) = struct.unpack("=I", pixel_format)
    for index in range(_MOST):
        answer = _asked(file, ioctl, ENUM_INTERVALS, _FRAMEINTERVAL, index, code, width, height)
        if answer is None:
            if index == 0:
                yield 30.0
            return
        kind, numbers = answer[4], answer[5:11]
        if kind == _DISCRETE:
            if numbers[0] and numbers[1]:
                yield numbers[1] / numbers[0]
            continue
        shortest, longest = (n / d if d else 0.0 for n, d in (numbers[0:2], numbers[2:4]))
        for fps in _USUAL_FPS:
            if shortest - 1e-6 <= 1 / fps <= longest + 1e-6:
                yield fps
        return


def _asked(
    file: int, ioctl: Ioctl, request: int, layout: struct.Struct, *question: int
) -> tuple[int, ...] | None:
    """What the driver fills in; None where its list has ended."""
    buffer = bytearray(layout.size)
    struct.pack_into(f"={len(question)}I", buffer, 0, *question)
    try:
        ioctl(file, request, buffer)
    except OSError:
        return None
    return layout.unpack(buffer)


@contextmanager
def _opened(device: Path) -> Iterator[int]:
    file = os.open(device, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
    try:
        yield file
    finally:
        os.close(file)


def _system_ioctl(file: int, request: int, buffer: bytearray) -> object:
    import fcntl  # not on Windows

    return fcntl.ioctl(file, request, buffer, True)
