"""The cameras of this machine: their numbers, names, and what they offer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from app.capture.modes import CameraMode
from app.capture.v4l2 import driver_modes

_MOST_CAMERAS = 10  # numbers that are tried where nothing lists them
_MISSES = 3  # numbers in a row without a camera, after which no more are tried


@dataclass(frozen=True)
class CameraInfo:
    """A camera of this machine."""

    index: int
    name: str
    modes: tuple[CameraMode, ...] = ()  # that it offers, the largest first; empty where nothing tells


@dataclass(frozen=True)
class CameraWishes:
    """What cameras are asked for: what the command line says, or what was chosen for each by name."""

    given: CameraMode | None = None
    by_name: Mapping[str, CameraMode] = field(default_factory=dict)

    def of(self, name: str) -> CameraMode | None:
        """For the camera of a name; None: the usual."""
        return self.given or self.by_name.get(name)


NamedCameras = Callable[[], Sequence[CameraInfo]]
"""What knows cameras by name on this system, in the order of their numbers; empty where it can't."""


def list_cameras(named: NamedCameras = tuple) -> tuple[CameraInfo, ...]:
    """The cameras of this machine. May take a second on Windows and macOS: call it off the GUI thread.

    named: asked there before numbers are tried one by one. Linux has its own list.
    """
    if sys.platform.startswith("linux"):
        return _linux_cameras(Path("/sys/class/video4linux"), Path("/dev"))
    return tuple(named()) or _tried_cameras()


def camera_info(index: int) -> CameraInfo:
    """What can be told of one camera without opening it for pictures."""
    if sys.platform.startswith("linux"):
        for camera in _linux_cameras(Path("/sys/class/video4linux"), Path("/dev")):
            if camera.index == index:
                return camera
    return CameraInfo(index, f"Camera {index}")


def _linux_cameras(folder: Path, devices: Path) -> tuple[CameraInfo, ...]:
    """Cameras as the kernel lists them, without looking through any: other programs may be."""
    found = []
    for device in sorted(folder.glob("video*"), key=lambda path: int(path.name[5:] or 0)):
        try:
            # One camera has several nodes; only the first carries pictures, the rest metadata.
            if (device / "index").read_text().strip() != "0":
                continue
            name = (device / "name").read_text().strip()
        except OSError:
            continue
        index = int(device.name[5:])
        found.append(CameraInfo(index, name or f"Camera {index}", driver_modes(devices / device.name)))
    return tuple(found)


def _tried_cameras() -> tuple[CameraInfo, ...]:
    """Numbers that open, without names."""
    found: list[CameraInfo] = []
    misses = 0
    for index in range(_MOST_CAMERAS):
        capture = cv2.VideoCapture(index)
        if capture.isOpened():
            found.append(CameraInfo(index, f"Camera {index}"))
            misses = 0
        else:
            misses += 1
        capture.release()
        if misses == _MISSES:
            break
    return tuple(found)
