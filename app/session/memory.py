"""Memory that nobody uses any more, given back to the system."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Let the C library return the free pages in the middle of its heaps, as a closed model leaves them.

    By itself it cuts heaps back only at their ends. Takes some milliseconds; nothing happens where the C
    library is not glibc.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return
    trim(0)
