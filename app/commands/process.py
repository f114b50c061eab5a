"""`process SOURCE --out FILE.mp4`: the live path on a file, without a window."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.capture import open_file, source_path
from app.commands.options import add_camera, add_json, add_look, add_model, print_json, say, settings_from
from app.commands.progress import ProgressBar
from app.offline import Report, process_file
from app.session import Settings


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("process", help="draw on a video or image and write a video")
    parser.add_argument("source", metavar="SOURCE", help="a video or image file, or `demo`")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.mp4")
    parser.add_argument("--joints", type=Path, metavar="FILE.csv", help="a row for every hand in every frame")
    add_model(parser)
    add_camera(parser)
    add_look(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Process one file. Raises UserError."""
    settings = settings_from(arguments, Settings())
    report = write_video(arguments.source, arguments.out, settings, arguments.joints, arguments.mirror)
    hands = f"a hand in {report.frames_with_hand} of {report.frames} frames"
    print(f"{arguments.out}: {hands}, {report.fps:.1f} frames/s")
    if arguments.json:
        print_json(report.summary())
    return 0


def write_video(source: str, out: Path, settings: Settings, joints: Path | None, mirror: bool) -> Report:
    """Process `source` with a progress bar, and say what was wrong with it. Raises UserError."""
    bar = ProgressBar()
    file = open_file(source_path(source))
    try:
        report = process_file(file, out, settings, joints=joints, mirror=mirror, on_progress=bar)
    finally:
        bar.end()
    for note in report.notes:
        say(note)
    if file.size_wh[0] % 2 or file.size_wh[1] % 2:
        say(f"{out}: padded by one pixel to even size, which H.264 needs")
    return report
