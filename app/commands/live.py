"""`live`: the window; without a display, the demo as a video."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from app.capture import DEMO, open_file, source_kind, source_path
from app.commands.options import (
    add_camera,
    add_camera_mode,
    add_look,
    add_model,
    add_stream,
    camera_wishes,
    say,
    settings_from,
)
from app.commands.writing import write_video
from app.export import Exports
from app.offline.thumbnails import thumbnails
from app.output import prepare_output, refuse_source_as_output
from app.recorder import RecordingOptions
from app.session import Settings
from app.stream import open_streams
from models.tracking.pipeline import MODELS

_DEMO_OUT = Path("out") / "demo.mp4"
_KINDS = tuple(option.name for option in fields(RecordingOptions))
_QT_PROBE = "from PyQt6.QtGui import QGuiApplication; QGuiApplication([])"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("live", help="the window (also without any command)")
    parser.add_argument("--source", metavar="0|FILE|demo", help="a camera's number, a file or the demo clip")
    parser.add_argument("--record", type=Path, metavar="FILE.mp4", help="record from the start")
    parser.add_argument(
        "--record-also",
        type=_kept,
        metavar="KIND,…",
        help=f"beside recordings keep any of: {', '.join(_KINDS)}",
    )
    parser.add_argument("--virtual-camera", action="store_true", help="be a camera for other programs")
    parser.add_argument("--rings", type=Path, metavar="FOLDER", help="a library: ring files as thumbnails")
    parser.add_argument("--quit-after", type=float, metavar="SECONDS", help=argparse.SUPPRESS)
    add_camera_mode(parser)
    add_model(parser)
    add_camera(parser)
    add_look(parser)
    add_stream(parser)
    parser.set_defaults(run=run)


def _kept(text: str) -> RecordingOptions:
    names = set(filter(None, text.split(",")))
    if not names <= set(_KINDS):
        raise argparse.ArgumentTypeError(f"expected any of {', '.join(_KINDS)}, got {text!r}")
    return RecordingOptions(**{name: name in names for name in _KINDS})


def run(arguments: argparse.Namespace) -> int:
    """Show the window until it is closed. Raises UserError."""
    probe = start_display_probe()  # it takes as long as the imports below, and runs beside them
    if arguments.source is not None and source_kind(arguments.source) != "camera":
        open_file(source_path(arguments.source))  # bad input ends here, before any window
        if arguments.record is not None:
            refuse_source_as_output(source_path(arguments.source), arguments.record)
    if arguments.record is not None:
        prepare_output(arguments.record)
    if arguments.rings is not None:
        thumbnails(arguments.rings)  # a wrong folder is said before any window
    missing = "there is no display" if probe is None else ""
    if probe is not None:
        from app.ui.app import WindowOptions, run_window

        missing = display_fault(probe)
        if not missing:
            return run_window(
                WindowOptions(
                    models=MODELS,
                    change=lambda settings: settings_from(arguments, settings),
                    source=arguments.source,
                    camera=camera_wishes(arguments).given,
                    record=arguments.record,
                    recording=arguments.record_also,
                    virtual_camera=arguments.virtual_camera,
                    streams=tuple(arguments.stream),
                    rings=arguments.rings,
                    quit_after_s=arguments.quit_after,
                    mirror=arguments.mirror,
                )
            )
    return _without_window(arguments, missing)


def _without_window(arguments: argparse.Namespace, missing: str) -> int:
    camera = arguments.source is None or source_kind(arguments.source) == "camera"
    source, out = DEMO if camera else arguments.source, arguments.record or _DEMO_OUT
    say(f"{missing}: rendering {source} to {out} instead of opening the window")
    settings = settings_from(arguments, Settings())
    with open_streams(arguments.stream, say) as streams:
        write_video(source, out, settings, Exports(), arguments.mirror, streams)
    print(f"The video is in {out}")
    return 0


def start_display_probe() -> subprocess.Popen[str] | None:
    """Try Qt in another process, because it kills its own where it can't start. None: no display at all."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not display and not chosen:
        return None
    return subprocess.Popen(
        [sys.executable, "-c", _QT_PROBE], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def display_fault(probe: subprocess.Popen[str]) -> str:
    """Why Qt can't open a window here; empty where it can."""
    _, said = probe.communicate()
    if probe.returncode == 0:
        return ""
    # Qt names the library that is missing in the line that speaks of it.
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "lib" in line and ("needed" in line or "cannot open" in line)]
    reason = (telling or lines or ["no reason given"])[0]
    return f"Qt can't open a window ({reason})"
