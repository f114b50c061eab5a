"""Places to write to: checked before long work, and told in one line when they fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from app.errors import UserError
from models.whole_file import whole_file

_WHOLE_COLOUR = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444  # gold has edges of colour


class OutputError(UserError):
    """A file that can't be written: one clear line that says why and what to do."""


def prepare_output(path: Path, *suffixes: str) -> None:
    """Make the folder of an output file and check that a file can be written there.

    suffixes: one of them ends its name; .mp4 if there are none. Raises OutputError otherwise. An existing
    file is left as it is.
    """
    suffix = " or ".join(suffixes or (".mp4",))
    if path.suffix.lower() not in (suffixes or (".mp4",)):
        raise OutputError(f"{path} must end in {suffix}; change the name")
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder; give a file name that ends in {suffix}")
        existed = path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise OutputError(
            f"{path} can't be written ({error.strerror}); choose a folder you may write to"
        ) from error


def refuse_source_as_output(source: Path, out: Path) -> None:
    """Raise OutputError where an output would overwrite the file it is made from."""
    if out.resolve() == source.resolve():
        raise OutputError(f"{out} is the source itself; choose another output")


def unwritable(path: Path, error: OSError) -> OutputError:
    """The line for a file that can't be written."""
    reason = error.strerror or error
    return OutputError(
        f"{path} can't be written ({reason}); free some space, or choose a place you may write to"
    )


def write_whole(path: Path, content: str | bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file so that it is there whole or not at all; its folder is made where it is missing.

    content: text, bytes, or what writes them to an open file. Raises OutputError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as draft, draft.open("wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise unwritable(path, error) from error


def save_picture(path: Path, image_rgb: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) RGB as a JPEG or else a PNG, by the path's ending. Raises OutputError."""
    (save_jpeg if path.suffix.lower() in (".jpg", ".jpeg") else save_png)(path, image_rgb)


def save_png(path: Path, image_rgb: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) RGB as a PNG, whole or not at all. Raises OutputError."""
    prepare_output(path, ".png")
    ok, data = cv2.imencode(".png", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR))
    if not ok:
        raise OutputError(f"{path}: the picture can't be encoded as PNG; report this")
    write_whole(path, data.tobytes())


def save_jpeg(path: Path, image_rgb: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) RGB as a JPEG that shows no loss, whole or not at all. Raises OutputError."""
    prepare_output(path, ".jpg", ".jpeg")
    options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _WHOLE_COLOUR]
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), options)
    if not ok:
        raise OutputError(f"{path}: the picture can't be encoded as JPEG; report this")
    write_whole(path, data.tobytes())
