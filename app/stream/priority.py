"""Threads that give way: the frame goes first, what is told of it to others second."""

from __future__ import annotations

import os
import threading
from contextlib import suppress


def give_way() -> None:
    """Let the calling thread take a core that is free, but never one from a thread that is at work.

    A thread that is woken usually takes the core of the thread that has woken it, and on a busy machine that
    one, which is the frame's, waits for a turn like everybody. From this policy Linux lets it keep its core.
    """
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):  # refused in some containers: then it is as on other systems
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_BATCH, os.sched_param(0))
