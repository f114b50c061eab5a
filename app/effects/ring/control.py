"""How a list of rings is given by flags and kept, as plain values, from one start to the next."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.effects.declaration import Tell
from app.effects.ring.flags import add_rings, rings_from
from app.effects.ring.model import OwnRing
from app.effects.ring.settings import MOST_RINGS, Placement, RingSettings

_PLAIN = ("finger", "segment", "design", "metal", "stone", "finish", "cut")
_MORE = ("width_mm", "thickness_mm", "size_mm", "hands")


@dataclass(frozen=True)
class RingList:
    """The control of the rings that are worn; `app.ui.ring.controls` shows it."""

    key: str = "rings"

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """Which rings, on which fingers."""
        add_rings(parser)

    def chooses(self, arguments: argparse.Namespace) -> bool:
        """Never: rings can be made ready while another effect is drawn."""
        return False

    def from_flags(
        self, arguments: argparse.Namespace, value: tuple[RingSettings, ...], tell: Tell
    ) -> tuple[RingSettings, ...]:
        """The rings with whatever the flags say in its place. Raises UserError."""
        return rings_from(arguments, value, tell)

    def to_save(self, value: tuple[RingSettings, ...]) -> list[dict[str, Any]]:
        """For JSON."""
        return rings_to_save(value)

    def from_saved(self, saved: object, default: tuple[RingSettings, ...]) -> tuple[RingSettings, ...]:
        """What was saved; rings from files still have to be loaded."""
        return saved_rings(saved) or default


def rings_to_save(rings: Sequence[RingSettings]) -> list[dict[str, Any]]:
    """For JSON. Of a ring from a file, where it is."""
    return [
        {name: getattr(ring, name) for name in _PLAIN + _MORE}
        | {"placement": asdict(ring.placement)}
        | ({} if ring.own is None else {"file": str(ring.own.path), "unit": ring.own.unit})
        for ring in rings
    ]


def saved_rings(saved: object) -> tuple[RingSettings, ...]:
    """What was saved, without the rings that are damaged. Rings from files still have to be loaded."""
    rings = [_ring(entry) for entry in saved[:MOST_RINGS]] if isinstance(saved, list) else []
    return tuple(ring for ring in rings if ring is not None)


def _ring(entry: object) -> RingSettings | None:
    try:
        values = dict(entry)  # type: ignore[call-overload]
        file, unit = values.pop("file", None), values.pop("unit", None)
        own = None if file is None else OwnRing(Path(file), None if unit is None else str(unit))
        placement = Placement(**values.pop("placement", {}))
        return RingSettings(**values, placement=placement, own=own)
    except (TypeError, ValueError):
        return None
