"""Which of several candidates is the fastest on this machine: measured once, then remembered."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from models.turns import take_turns
from models.whole_file import whole_file

K = TypeVar("K", bound=Hashable)
Call = Callable[[], object]

MEASURED_CALLS = 15  # of each candidate, after three to warm up
MOST_THREADS = 4  # a crop's layers are too small for more


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_choices() -> tuple[int, ...]:
    """Threads that a network may have: half the cores at most, for decoding and drawing go on beside it."""
    return tuple(n for n in (1, 2, MOST_THREADS) if n == 1 or n <= cores() // 2)


def medians_ms(candidates: Mapping[K, Call], calls: int = MEASURED_CALLS) -> dict[K, float]:
    """Median milliseconds of each candidate, of `calls` calls by turns."""
    return {key: statistics.median(times) for key, times in take_turns(candidates, calls).items()}


def autotune(what: str, candidates: Mapping[str, Callable[[], Call]], cache: Path) -> str:
    """The candidate with the least median time: as remembered in the folder `cache`, or measured now.

    what: changes with all that the answer depends on but the machine. candidates: by name, what makes the
    function that is then timed.
    """
    if len(candidates) == 1:
        return next(iter(candidates))
    key, file = f"{platform.node()}/{cores()} cores/{what}", cache / "autotune.json"
    memory = _read(file)
    if memory.get(key) not in candidates:
        times = medians_ms({name: make() for name, make in candidates.items()})
        memory[key] = min(times, key=times.__getitem__)
        # What can't be kept is measured again.
        with suppress(OSError), whole_file(file, shared=True) as draft:
            draft.write_text(json.dumps(memory, indent=1), encoding="utf-8")
    return memory[key]


def _read(file: Path) -> dict[str, str]:
    try:
        memory = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # none yet, or damaged: then it is measured again
        return {}
    known = memory if isinstance(memory, dict) else {}
    return {key: name for key, name in known.items() if isinstance(name, str)}
