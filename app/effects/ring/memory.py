"""How the user has placed rings from files, remembered by the files' checksums."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.effects.ring.model import UNITS_M
from app.effects.ring.settings import Placement
from app.errors import UserError
from app.folders import read_limited, user_folder
from app.output import write_whole

_MOST = 200  # files; the oldest are forgotten
_FILE_BYTES = 200_000


@dataclass(frozen=True)
class Remembered:
    """What is known of one file."""

    placement: Placement = field(default_factory=Placement)
    unit: str | None = None  # of UNITS_M, if the user has said it


def recall(sha256: str) -> Remembered:
    """What was remembered of a file; defaults for one that is new, or where the memory is damaged."""
    try:
        entry = dict(_load().get(sha256, {}))
        unit = entry.pop("unit", None)
        return Remembered(Placement(**entry), unit if unit in UNITS_M else None)
    except (TypeError, ValueError):
        return Remembered()


def remember(sha256: str, placement: Placement, unit: str | None) -> None:
    """Keep it for the next time the file is worn. A disk that can't be written is no reason to stop."""
    known = _load()
    known.pop(sha256, None)
    known[sha256] = asdict(placement) | {"unit": unit}
    with suppress(UserError):
        write_whole(_file(), json.dumps(dict(list(known.items())[-_MOST:]), indent=1))


def _load() -> dict[str, Any]:
    try:
        known = json.loads(read_limited(_file(), _FILE_BYTES))
    except (UserError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def _file() -> Path:
    return user_folder("rings") / "placements.json"
