"""A bracelet from a file of the user's: read as rings are, for a wrist."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.effects.declaration import Tell
from app.effects.ring.file import WRIST, describe, load_own_ring
from app.effects.ring.model import OwnRing, RingModel


@dataclass(frozen=True)
class WristFile:
    """A file that has been read."""

    path: Path
    own: OwnRing

    @property
    def model(self) -> RingModel:
        """What it holds."""
        assert self.own.model is not None
        return self.own.model


@dataclass(frozen=True)
class BraceletFile:
    """--bracelet FILE. Not in the panel, and not remembered."""

    key: str = "bracelet"

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """Its one flag."""
        parser.add_argument("--bracelet", type=Path, metavar="FILE", help="your own: a .glb, .obj or .stl")

    def chooses(self, arguments: argparse.Namespace) -> bool:
        """With its flag given."""
        return arguments.bracelet is not None

    def from_flags(self, arguments: argparse.Namespace, value: Any, tell: Tell) -> Any:
        """The file, read. Raises UserError."""
        if arguments.bracelet is None:
            return value
        own = load_own_ring(arguments.bracelet, fits=WRIST)
        tell(describe(own))
        return WristFile(arguments.bracelet, own)

    def to_save(self, value: Any) -> None:
        """Nothing."""

    def from_saved(self, saved: Any, default: Any) -> Any:
        """Nothing."""
        return default
