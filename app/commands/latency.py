"""`latency`: from the screen's glass through the camera to the screen's glass again, by one camera."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path

from app.capture import list_cameras, source_kind
from app.commands.live import display_fault, start_display_probe
from app.commands.numbers import between
from app.commands.options import add_json, add_look, add_model, print_json, say, settings_from
from app.errors import UserError
from app.measure.glass_to_glass import Latency
from app.output import prepare_output, write_whole
from app.session import Settings


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "latency", help="glass to glass: a camera before the window reads a code that changes each frame"
    )
    parser.add_argument("source", nargs="?", metavar="CAMERA", help="a camera's number (default: the first)")
    parser.add_argument(
        "--seconds",
        type=between(2, 600, "2 to 600 seconds"),
        default=15.0,
        metavar="S",
        help="how long, from when the code is first read (default: 15)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="a row for every picture")
    add_model(parser)
    add_look(parser)
    add_json(parser)
    parser.set_defaults(run=run, intrinsics=None, calibration=None, fov=None)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Raises UserError."""
    if arguments.out is not None:
        prepare_output(arguments.out, ".csv")
    settings = settings_from(arguments, Settings())
    source = arguments.source
    if source is None:
        cameras = list_cameras()
        if not cameras:
            raise UserError("latency needs a camera that is pointed at this window, and found none")
        source = str(cameras[0].index)
    elif source_kind(source) != "camera":
        raise UserError(f"latency needs a camera that is pointed at its window; {source} is none")
    probe = start_display_probe()
    missing = "there is no display" if probe is None else display_fault(probe)
    if missing:
        raise UserError(f"latency needs a window, but {missing}")
    from app.ui.measure.latency_window import measure_latency

    say("point the camera at the code in the window; close the window to end early")
    report(measure_latency(settings, source, arguments.seconds), arguments)
    return 0


def report(latency: Latency, arguments: argparse.Namespace) -> None:
    """Print it, and write the rows. Raises UserError."""
    print(latency.text())
    if arguments.out is not None:
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(("glass_to_glass_ms", "camera_ms", "program_ms"))
        columns = (latency.total_ms, latency.camera_ms, latency.program_ms)
        rows.writerows([f"{value:.3f}" for value in row] for row in zip(*columns, strict=True))
        write_whole(arguments.out, table.getvalue())
    if arguments.json:
        print_json(latency.summary())
