"""One video from a file to a file, with a progress bar: what `process`, and `live` without a display, do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.capture import open_file, source_path
from app.commands.options import say
from app.commands.progress import ProgressBar
from app.export import Exports, make_writers
from app.offline.video import Report, process_file
from app.session import Settings
from app.stream import Stream, StreamWriter


def write_video(
    source: str,
    out: Path,
    settings: Settings,
    exports: Exports,
    mirror: bool,
    streams: Sequence[Stream] = (),
) -> Report:
    """Process `source` with a progress bar, and say what was wrong with it. Raises UserError."""
    bar = ProgressBar()
    file = open_file(source_path(source))
    writers = [*make_writers(exports), *map(StreamWriter, streams)]
    try:
        report = process_file(file, out, settings, writers=writers, mirror=mirror, on_progress=bar)
    finally:
        bar.end()
    for note in report.notes:
        say(note)
    if out.suffix.lower() == ".mp4" and (file.size_wh[0] % 2 or file.size_wh[1] % 2):
        say(f"{out}: padded by one pixel to even size, which H.264 needs")
    return report
