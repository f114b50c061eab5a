"""Cameras by name on Windows and macOS, as Qt's multimedia module lists them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Any

from app.capture import CameraInfo, CameraMode
from app.capture.modes import offered

_log = logging.getLogger(__name__)


def named_cameras() -> tuple[CameraInfo, ...]:
    """In the order of OpenCV's numbers; empty on Linux, which has its own list, and where Qt can't tell.

    Call it on the GUI thread.
    """
    if sys.platform.startswith("linux"):
        return ()
    try:
        from PyQt6.QtMultimedia import QMediaDevices, QVideoFrameFormat

        jpeg = QVideoFrameFormat.PixelFormat.Format_Jpeg
        return from_devices(QMediaDevices.videoInputs(), jpeg, by_id=sys.platform == "darwin")
    except (ImportError, RuntimeError) as error:  # cameras have numbers all the same
        _log.info("Qt can't name the cameras: %s", error)
        return ()


def from_devices(devices: Iterable[Any], jpeg: object, by_id: bool) -> tuple[CameraInfo, ...]:
    """devices: QCameraDevice. jpeg: the pixel format of compressed pictures.

    by_id: OpenCV counts cameras in the order of their identifiers, as it does on macOS.
    """
    listed = list(devices)
    if by_id:
        listed.sort(key=lambda device: bytes(device.id()))
    return tuple(
        CameraInfo(index, device.description() or f"Camera {index}", _modes(device, jpeg))
        for index, device in enumerate(listed)
    )


def _modes(device: Any, jpeg: object) -> tuple[CameraMode, ...]:
    modes = []
    for each in device.videoFormats():
        size, fps = each.resolution(), each.maxFrameRate()
        if size.width() > 0 and size.height() > 0 and fps > 0:
            modes.append(CameraMode(size.width(), size.height(), fps, each.pixelFormat() == jpeg))
    return offered(modes)
