"""A few of this machine's cores for one of several processes that work here side by side."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_held: list[BinaryIO] = []  # a lock lasts as long as its file is open, at most until the process ends


def take_cores(count: int) -> None:
    """Keep this process to `count` cores that no other process has taken so; networks then run on as many.

    Does nothing a second time, where all are taken, or where the system has no such thing.
    """
    if _held or not hasattr(os, "sched_setaffinity"):
        return
    import fcntl

    here = sorted(os.sched_getaffinity(0))
    folder = Path(tempfile.gettempdir()) / f"palmistry-cores-{os.getuid()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        for first in range(0, len(here) - count + 1, count):
            file = (folder / f"{here[first]}-{count}").open("ab")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                continue
            _held.append(file)
            os.sched_setaffinity(0, here[first : first + count])
            return
