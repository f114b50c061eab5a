"""Libraries in C++ that write to stderr behind Python's back."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_closed_by = 0  # how many threads want it closed now
_saved = -1


@contextmanager
def native_stderr_closed() -> Iterator[None]:
    """Send file descriptor 2 to nowhere for a moment: MediaPipe and Mesa log there and have no switch for it.

    Several threads may do so at once; the last one opens it again.
    """
    global _closed_by, _saved
    with _lock:
        _closed_by += 1
        if _closed_by == 1:
            sys.stderr.flush()
            _saved = os.dup(2)
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        with _lock:
            _closed_by -= 1
            if _closed_by == 0:
                os.dup2(_saved, 2)
                os.close(_saved)
