"""The C library's heaps, kept small. Where it is not glibc, nothing happens."""

from __future__ import annotations

import ctypes


def limit_malloc_arenas() -> None:
    """Call before threads begin.

    glibc's heaps, up to eight a core, are broken up by what threads leave behind: each change of model
    would cost 5 MB for good. So: two heaps, pages of their own for networks' blocks, and heaps cut back.
    """
    mmap_threshold, trim_threshold, most_heaps = -3, -1, -8
    _call("mallopt", most_heaps, 2)
    _call("mallopt", mmap_threshold, 4 << 20)
    _call("mallopt", trim_threshold, 8 << 20)  # glibc's own 128 kB would cut at every frame


def trim_malloc() -> None:
    """Return the free pages in the middle of the heaps to the system, as a closed model leaves them.

    By itself glibc cuts heaps back only at their ends. Takes some milliseconds.
    """
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):  # another C library
        return
    function(*arguments)
