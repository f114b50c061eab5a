"""A bracelet from a file of the user's: read as rings are, for a wrist."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.effects.declaration import Tell
from app.effects.ring.file import WRIST, describe, load_own_ring
from app.effects.ring.model import OwnRing


@dataclass(frozen=True)
class BraceletFile:
    """--bracelet FILE; `app.ui.ring.bracelet` shows it. Its value is an OwnRing, or None."""

    key: str = "bracelet"
    label: str = "Own"
    help: str = "your own: a .glb, .obj or .stl"
    in_place_of: str = "piece"  # the setting that counts where there is none

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """Its one flag."""
        parser.add_argument("--bracelet", type=Path, metavar="FILE", help=self.help)

    def chooses(self, arguments: argparse.Namespace) -> bool:
        """With its flag given."""
        return arguments.bracelet is not None

    def from_flags(self, arguments: argparse.Namespace, value: Any, tell: Tell) -> Any:
        """The file, read; none where a piece of ours is asked for. Raises UserError."""
        if arguments.bracelet is None:
            return None if arguments.wrist is not None else value
        own = load_own_ring(arguments.bracelet, fits=WRIST)
        tell(describe(own))
        return own

    def to_save(self, value: OwnRing | None) -> str | None:
        """Where the file is."""
        return None if value is None else str(value.path)

    def from_saved(self, saved: Any, default: Any) -> Any:
        """The file, still to be read."""
        return OwnRing(Path(saved)) if isinstance(saved, str) and saved else default
