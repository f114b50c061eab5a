"""The C library's heaps, kept small, or kept for training (where it is glibc); and Python's collector."""

from __future__ import annotations

import ctypes
import gc

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -2, -3, -4, -8  # of mallopt


def limit_malloc_arenas() -> None:
    """Call before threads begin.

    glibc's heaps, up to eight a core, are broken up by what threads leave behind: each change of model
    would cost 5 MB for good. So: two heaps, pages of their own for what is larger than any picture, and
    heaps cut back. A picture of 1920×1080 in pages of its own costs more to ask for than to copy.
    """
    _call("mallopt", _ARENA_MAX, 2)
    _call("mallopt", _MMAP_THRESHOLD, 32 << 20)
    _call("mallopt", _TRIM_THRESHOLD, 64 << 20)  # glibc's own 128 kB would cut at every frame


def keep_freed_memory() -> None:
    """For training, whose every step frees and asks for the same tens of megabytes.

    Asked for anew from the system, they cost more than some of the convolutions that fill them.
    """
    _call("mallopt", _MMAP_MAX, 0)
    _call("mallopt", _TRIM_THRESHOLD, 1 << 30)
    _call("mallopt", _TOP_PAD, 1 << 28)


def trim_malloc() -> None:
    """Return the free pages in the middle of the heaps to the system, as a closed model leaves them.

    By itself glibc cuts heaps back only at their ends. Takes some milliseconds.
    """
    _call("malloc_trim", 0)


def settle() -> None:
    """Call once models have been loaded or closed. Takes a tenth of a second, in which no Python runs.

    What is alive now, hundreds of thousands of objects, Python's collector doesn't look through again: that
    would stop a picture for as long every few seconds.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    trim_malloc()


def _call(name: str, *arguments: int) -> None:
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):  # another C library
        return
    function(*arguments)
