"""An export format in one file, as somebody would add one: the test copies it beside the others as it is."""

from __future__ import annotations

from pathlib import Path

from app.export.entry import ExportFormat, ExportOption
from app.frame import FrameHands
from app.output import prepare_output, write_whole


class CountWriter:
    """How many hands there were in each frame, a line a frame."""

    def __init__(self, path: Path, mark: str) -> None:
        prepare_output(path, ".toy")
        self._path, self._mark = path, mark
        self._lines: list[str] = []

    def add(self, frame: FrameHands) -> None:
        self._lines.append(f"{frame.index}{self._mark}{len(frame.hands)}\n")

    def save(self) -> None:
        write_whole(self._path, "".join(self._lines))

    def discard(self) -> None:
        self._lines.clear()


FORMAT = ExportFormat(
    "toy",
    ".toy",
    "FILE.toy",
    "how many hands a frame has",
    lambda path, options: CountWriter(path, options["toy_mark"]),
    (ExportOption("--toy-mark", {"default": ":", "metavar": "MARK", "help": "between the two, for --toy"}),),
)
