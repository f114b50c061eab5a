"""Files that are there whole or not at all: written beside their place, then moved into it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def draft_of(path: Path) -> Path:
    """Where a file is written until it is whole: NAME.partial.END beside it."""
    return path.with_name(f"{path.stem}.partial{path.suffix}")


@contextmanager
def whole_file(path: Path, *, shared: bool = False, durable: bool = False) -> Iterator[Path]:
    """A draft to write to, which takes the place of `path` when the block ends, and is removed if it fails.

    shared: other processes may be writing the same file, so the draft's name is this process's own.
    durable: the content is on the disk before the file takes its place, so a power cut leaves the old one.
    Raises OSError.
    """
    draft = draft_of(path)
    if shared:
        draft = path.with_name(f"{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield draft
        if durable:
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
