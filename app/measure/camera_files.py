"""A camera's calibration as a file: written by `calibrate`, read by whatever looks through that camera."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from app.errors import UserError
from app.folders import file_stem, read_limited, user_folder
from app.measure.chessboard import Calibration
from app.output import write_whole
from models.types import Camera

_KIND = "palmistry camera"
_FOCAL_OVER_DIAGONAL = (0.1, 60.0)
_HINT = "make it with: python main.py calibrate"


@dataclass(frozen=True)
class CameraFile:
    """What a calibration file tells the program."""

    name: str  # of the camera
    camera: Camera  # for pictures of its size, and of others in proportion
    error_px: float  # reprojection error
    focal_error: float  # one deviation of the focal length, over it

    def fits(self, width: int, height: int) -> bool:
        """Whether pictures of this size can be that camera's: other proportions are another cut-out."""
        return abs(self.camera.width * height / (self.camera.height * width) - 1) < 0.01


def calibration_path(camera_name: str) -> Path:
    """Where a camera's calibration is kept."""
    return user_folder("cameras") / f"{file_stem(camera_name)}.json"


def save_calibration(path: Path, camera_name: str, found: Calibration) -> CameraFile:
    """Write a calibration; what reading it will give. Raises UserError."""
    c = found.camera
    content = {
        "kind": _KIND,
        "name": camera_name,
        "size": [c.width, c.height],
        "intrinsics": [c.fx, c.fy, c.cx, c.cy],
        "distortion": list(found.distortion),
        "error_px": found.error_px,
        "focal_error": found.focal_error,
        "views": found.views,
        "board": str(found.board),
        "square_mm": 1e3 * found.board.square_m,
        "date": date.today().isoformat(),
    }
    write_whole(path, json.dumps(content, indent=1) + "\n")
    return load_calibration(path)


def load_calibration(path: Path) -> CameraFile:
    """Read a calibration file. Raises UserError with one line for anything that is none."""
    text = read_limited(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("kind") != _KIND:
        raise UserError(f"{path} is not a camera's calibration; {_HINT}")
    width, height = _numbers(path, content, "size", 2)
    fx, fy, cx, cy = _numbers(path, content, "intrinsics", 4)
    (error_px,) = _numbers(path, content, "error_px", 1)
    (focal_error,) = _numbers(path, content, "focal_error", 1)
    diagonal = float(np.hypot(width, height))
    low, high = (over * diagonal for over in _FOCAL_OVER_DIAGONAL)
    sizes_ok = (
        width == int(width) and height == int(height) and 16 <= width <= 20_000 and 16 <= height <= 20_000
    )
    focal_ok = low <= fx <= high and low <= fy <= high and 0.5 <= fx / fy <= 2
    middle_ok = abs(cx - width / 2) <= width / 2 and abs(cy - height / 2) <= height / 2
    if not (sizes_ok and focal_ok and middle_ok and error_px >= 0 and 0 <= focal_error < 1):
        raise UserError(f"{path} holds numbers that can't be a camera's; {_HINT}")
    name = content.get("name")
    return CameraFile(
        name[:200] if isinstance(name, str) else "",
        Camera(fx, fy, cx, cy, int(width), int(height)),
        error_px,
        focal_error,
    )


def calibration_of(camera_name: str) -> CameraFile | None:
    """The calibration that was saved for a camera; None where there is none. Raises UserError if damaged."""
    path = calibration_path(camera_name)
    return load_calibration(path) if path.is_file() else None


def _numbers(path: Path, content: dict[str, Any], key: str, count: int) -> list[float]:
    value = content.get(key)
    values = [value] if count == 1 else value
    if not isinstance(values, list) or len(values) != count or not all(_is_number(v) for v in values):
        raise UserError(f"{path}: expected {count} numbers in {key!r}; {_HINT}")
    return [float(v) for v in values]  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < 1e9
        and bool(np.isfinite(value))
    )
