"""Libraries in C++ that write to stderr behind Python's back, without a switch: MediaPipe, Mesa, JACK."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_closed_by = 0  # how many threads want it closed now
_saved = -1


def keep_python_stderr() -> None:
    """Give Python's stderr a file descriptor of its own.

    What the program says on one thread is then read while another has closed descriptor 2. For entry points;
    a stderr that is not descriptor 2 is left alone.
    """
    try:
        if sys.stderr.fileno() != 2:
            return
    except (AttributeError, OSError, ValueError):  # no stderr at all, or one in memory
        return
    encoding, errors = sys.stderr.encoding, sys.stderr.errors
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=encoding, errors=errors)


@contextmanager
def native_stderr_closed() -> Iterator[None]:
    """Send file descriptor 2 to nowhere for a moment.

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
