"""What a file format of exports is: an entry of the registry, and the writer that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from app.frame import FrameHands

Options = Mapping[str, Any]
"""Values of the options of all formats, by `ExportOption.name`."""


class HandsWriter(Protocol):
    """Writes the hands of a video. Its making checks that the place can be written to."""

    def add(self, frame: FrameHands) -> None:
        """The next frame. Raises OutputError where the disk is full."""

    def save(self) -> None:
        """Finish: only now is the file there, whole. Raises OutputError."""

    def discard(self) -> None:
        """Give up: leave nothing half written behind."""


@dataclass(frozen=True)
class ExportOption:
    """A flag of the command line that belongs to one format."""

    flag: str  # --like-this
    argparse: Mapping[str, Any]  # what `add_argument` takes beside the flag

    @property
    def name(self) -> str:
        """Its key in `Options`: like_this."""
        return self.flag.removeprefix("--").replace("-", "_")


@dataclass(frozen=True)
class ExportFormat:
    """One kind of file that the hands of a video can be written to."""

    name: str  # its flag is --NAME; `--also NAME` writes it beside each video
    ending: str  # of the file beside a video, after the video's name without its own: ".csv", "_meshes"
    takes: str  # what the flag is followed by: FILE.csv or FOLDER
    help: str  # what it holds, in half a line
    make: Callable[[Path, Options], HandsWriter]  # raises UserError where it can't be written
    options: tuple[ExportOption, ...] = ()
