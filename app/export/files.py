"""Files that appear whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from app.output import OutputError


def partial_of(path: Path) -> Path:
    """Where a file is written until it is whole."""
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def unwritable(path: Path, error: OSError) -> OutputError:
    """The line for a file that can't be written."""
    return OutputError(f"{path} can't be written ({error.strerror}); free some space")


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a file, then put it in its place. Raises OutputError."""
    partial = partial_of(path)
    try:
        with partial.open("wb") as file:
            write(file)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise unwritable(path, error) from error
