"""Where what a person has made is kept from one start to the next."""

from __future__ import annotations

import os
import re
from pathlib import Path

from platformdirs import user_config_path

from app.errors import UserError


def user_folder(kind: str) -> Path:
    """The folder for one kind of the user's own files; it may not exist yet. $PALMISTRY_HOME moves it."""
    home = os.environ.get("PALMISTRY_HOME")
    return (Path(home) if home else user_config_path("palmistry", appauthor=False)) / kind


def file_stem(name: str) -> str:
    """A name as a file's: letters, digits, dashes; never empty, never a path."""
    return re.sub(r"[^\w-]+", "-", name).strip("-")[:80] or "unnamed"


def read_limited(path: Path, most_bytes: int = 100_000) -> str:
    """The text of a small file of the user's. Raises UserError."""
    try:
        if not path.is_file():
            raise UserError(f"{path} does not exist; check the path")
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} can't be read ({getattr(error, 'strerror', None) or error})") from error
    if len(content) > most_bytes:
        raise UserError(f"{path} is too large to be such a file ({most_bytes // 1000} kB at most)")
    return content.decode("utf-8", errors="replace")
