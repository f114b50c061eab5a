"""`process SOURCE --out FILE.mp4`: the live path on a file, without a window."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.capture import open_file, source_path
from app.commands.options import add_camera, add_json, add_look, add_model, print_json, say, settings_from
from app.commands.progress import ProgressBar
from app.export import Wanted, make_writers
from app.offline import Report, process_file
from app.session import Settings


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("process", help="draw on a video or image and write a video")
    parser.add_argument("source", metavar="SOURCE", help="a video or image file, or `demo`")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.mp4")
    add_exports(parser)
    add_model(parser)
    add_camera(parser)
    add_look(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Process one file. Raises UserError."""
    settings = settings_from(arguments, Settings())
    report = write_video(arguments.source, arguments.out, settings, wanted_from(arguments), arguments.mirror)
    hands = f"a hand in {report.frames_with_hand} of {report.frames} frames"
    print(f"{arguments.out}: {hands}, {report.fps:.1f} frames/s")
    if arguments.json:
        print_json(report.summary())
    return 0


def add_exports(parser: argparse.ArgumentParser) -> None:
    """--joints, --hands, --meshes, --gltf, --mano."""
    parser.add_argument("--joints", type=Path, metavar="FILE.csv", help="a row for every hand in every frame")
    parser.add_argument("--hands", type=Path, metavar="FILE.jsonl", help="all there is, a line a frame")
    parser.add_argument("--meshes", type=Path, metavar="FOLDER", help="a mesh file for every hand and frame")
    parser.add_argument("--mesh-format", choices=("ply", "obj"), default="ply", help="of --meshes")
    parser.add_argument("--gltf", type=Path, metavar="FILE.glb", help="skinned, animated hands")
    parser.add_argument("--mano", type=Path, metavar="FILE.npz", help="MANO parameters of every hand")
    parser.add_argument("--mano-model", type=Path, metavar="MANO_RIGHT.pkl", help="your copy, for --mano")


def wanted_from(arguments: argparse.Namespace) -> Wanted:
    """What the flags of `add_exports` ask for."""
    names = ("joints", "hands", "meshes", "mesh_format", "gltf", "mano", "mano_model")
    return Wanted(**{name: getattr(arguments, name) for name in names})


def write_video(source: str, out: Path, settings: Settings, wanted: Wanted, mirror: bool) -> Report:
    """Process `source` with a progress bar, and say what was wrong with it. Raises UserError."""
    bar = ProgressBar()
    file = open_file(source_path(source))
    writers = make_writers(wanted)
    try:
        report = process_file(file, out, settings, writers=writers, mirror=mirror, on_progress=bar)
    finally:
        bar.end()
    for note in report.notes:
        say(note)
    if file.size_wh[0] % 2 or file.size_wh[1] % 2:
        say(f"{out}: padded by one pixel to even size, which H.264 needs")
    return report
