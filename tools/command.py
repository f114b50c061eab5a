"""What a tool's user gave wrongly is said in one line, and its exit code is 2."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from app.errors import UserError
from models.graphics import NoGraphics

Arguments = ParamSpec("Arguments")


def command(main: Callable[Arguments, int | None]) -> Callable[Arguments, int]:
    """A tool's `main`, to be decorated. Errors of what it was given (files, folders, options, a machine
    without graphics) end as `NAME: what was wrong` on stderr; all others are the tool's own, and traced."""
    name = Path(main.__code__.co_filename).stem

    @wraps(main)
    def said(*args: Arguments.args, **kwargs: Arguments.kwargs) -> int:
        try:
            return main(*args, **kwargs) or 0
        except (UserError, ValueError, OSError, NoGraphics) as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 2

    return said
