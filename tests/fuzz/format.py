"""One kind of file that comes from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import UserError

Reader = Callable[[Path], object]


@dataclass(frozen=True)
class Format:
    """One kind of file."""

    make: Callable[[Path], object]  # writes a good one to a path
    read: Reader
    name: str  # of the file
    may_raise: tuple[type[Exception], ...] = (UserError,)
    most_s: float = 2.0  # of processor time for one file
