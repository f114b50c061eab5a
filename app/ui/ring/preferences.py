"""Rings as plain values, to be kept from one start to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.effects import MOST_RINGS, OwnRing, Placement, RingSettings

_PLAIN = ("finger", "segment", "design", "metal", "stone", "size_mm", "hands")


def rings_to_save(rings: Sequence[RingSettings]) -> list[dict[str, Any]]:
    """For JSON. Of a ring from a file, where it is."""
    return [
        {name: getattr(ring, name) for name in _PLAIN}
        | {"placement": asdict(ring.placement)}
        | ({} if ring.own is None else {"file": str(ring.own.path), "unit": ring.own.unit})
        for ring in rings
    ]


def saved_rings(saved: object) -> tuple[RingSettings, ...]:
    """What was saved; a ring that is damaged is left out, and where none is left there is the first of all.

    Rings from files still have to be loaded.
    """
    rings = [_ring(entry) for entry in saved[:MOST_RINGS]] if isinstance(saved, list) else []
    return tuple(ring for ring in rings if ring is not None) or (RingSettings(),)


def _ring(entry: object) -> RingSettings | None:
    try:
        values = dict(entry)  # type: ignore[call-overload]
        file, unit = values.pop("file", None), values.pop("unit", None)
        own = None if file is None else OwnRing(Path(file), None if unit is None else str(unit))
        placement = Placement(**values.pop("placement", {}))
        return RingSettings(**values, placement=placement, own=own)
    except (TypeError, ValueError):
        return None
