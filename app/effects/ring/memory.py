"""How the user has placed rings from files, remembered by the files' checksums."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from app.effects.ring.model import KIND_WORDS, UNITS_M, Kind
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
    ring: int | None = None  # which of several rings in it, if the user has said it
    kinds: Mapping[str, Kind] = field(default_factory=dict)  # by label, what the user said a part is


def recall(sha256: str) -> Remembered:
    """What was remembered of a file; defaults for one that is new, or where the memory is damaged."""
    try:
        entry = dict(_load().get(sha256, {}))
        unit, ring, kinds = (entry.pop(name, None) for name in ("unit", "ring", "kinds"))
        return Remembered(
            Placement(**entry),
            unit if unit in UNITS_M else None,
            ring if type(ring) is int and ring >= 0 else None,
            {str(k): v for k, v in kinds.items() if v in KIND_WORDS} if isinstance(kinds, dict) else {},
        )
    except (TypeError, ValueError):
        return Remembered()


def remember(sha256: str, placement: Placement, unit: str | None) -> None:
    """Keep it for the next time the file is worn. A disk that can't be written is no reason to stop."""
    known = recall(sha256)
    _keep(sha256, replace(known, placement=placement, unit=unit))


def remember_parts(sha256: str, ring: int | None, kinds: Mapping[str, Kind]) -> None:
    """Keep which ring of a file is worn and what its parts are."""
    _keep(sha256, replace(recall(sha256), ring=ring, kinds=dict(kinds)))


def _keep(sha256: str, what: Remembered) -> None:
    known = _load()
    known.pop(sha256, None)
    said = {"unit": what.unit, "ring": what.ring, "kinds": dict(what.kinds)}
    known[sha256] = asdict(what.placement) | {name: value for name, value in said.items() if value}
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
