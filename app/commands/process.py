"""`process SOURCE --out FILE.mp4`: the live path on a file, or on a folder of files, without a window."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from app.commands.options import (
    add_camera,
    add_json,
    add_look,
    add_model,
    add_stream,
    print_json,
    say,
    settings_from,
)
from app.commands.process_ray import add_ray, add_shard, run_jobs
from app.commands.writing import write_video
from app.errors import UserError
from app.export import Exports, export_formats
from app.offline.batch import Job, Outcome, files_beside, is_batch, plan, shard_of, table
from app.session import Settings
from app.stream import Stream, open_streams


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("process", help="draw on videos or photos")
    parser.add_argument("source", metavar="SOURCE", help="a video or image, `demo`, a folder, or a .txt list")
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE.mp4",
        help="a photo's also .png or .jpg; a folder where the source is a folder or list",
    )
    add_shard(
        parser, "of a folder or list, only every Nth video from the Kth on: for N machines, or a job array"
    )
    add_ray(parser)
    add_exports(parser)
    add_model(parser)
    add_camera(parser)
    add_look(parser)
    add_stream(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Process one file, or many. Raises UserError."""
    settings = settings_from(arguments, Settings())
    with open_streams(arguments.stream, say) as streams:
        return run_with(arguments, settings, streams)


def run_with(arguments: argparse.Namespace, settings: Settings, streams: Sequence[Stream]) -> int:
    """The same, with the streams open that every video's hands go to. Raises UserError."""
    if is_batch(arguments.source):
        return run_batch(arguments, settings, streams)
    for flag, value in (("--shard", arguments.shard), ("--ray", arguments.ray)):
        if value is not None:
            raise UserError(f"{flag} is for a folder of videos, or a .txt that lists some")
    given = exports_from(arguments)
    files = {**given.files, **files_beside(arguments.out, arguments.also)}
    exports = Exports(files, given.options)
    report = write_video(arguments.source, arguments.out, settings, exports, arguments.mirror, streams)
    hands = f"a hand in {report.frames_with_hand} of {report.frames} frames"
    print(f"{arguments.out}: {hands}, {report.fps:.1f} frames/s")
    if arguments.json:
        told = {"streams": {stream.address.text: stream.summary() for stream in streams}} if streams else {}
        print_json({**report.summary(), **told})
    return 0


def run_batch(arguments: argparse.Namespace, settings: Settings, streams: Sequence[Stream] = ()) -> int:
    """Every video that isn't done yet; a video that fails doesn't stop the others. Raises UserError."""
    given = exports_from(arguments)
    if given.files:
        raise UserError("for a folder of videos, name what to export by --also, such as --also joints,gltf")
    jobs = plan(Path(arguments.source), arguments.out, arguments.also, given.options)
    jobs = jobs if arguments.shard is None else shard_of(jobs, arguments.shard)
    told: dict[str, object] = {}
    if arguments.ray is None:
        outcomes = [_done(job, settings, arguments.mirror, streams) for job in jobs]
        print(table(outcomes))
    else:
        if streams:
            raise UserError("--stream sends from this machine, --ray works on others; leave one of them out")
        outcomes, seconds = run_jobs(arguments.ray, arguments.ray_cores, jobs, settings, arguments.mirror)
        fps = sum(outcome.report.frames for outcome in outcomes if outcome.report) / max(seconds, 1e-9)
        print(f"{table(outcomes)}\nall together: {seconds:.1f} s, {fps:.1f} frames/s")
        told = {"seconds": round(seconds, 2), "fps": round(fps, 2)}
    if arguments.json:
        print_json({"files": [outcome.as_json() for outcome in outcomes], **told})
    return 2 if any(outcome.error for outcome in outcomes) else 0


def _done(job: Job, settings: Settings, mirror: bool, streams: Sequence[Stream]) -> Outcome:
    """One video of a folder, unless it was done before."""
    if job.done:
        return Outcome(job)
    say(str(job.source))
    try:
        job.clear_former()
        return Outcome(job, write_video(str(job.source), job.out, settings, job.exports, mirror, streams))
    except UserError as error:
        say(str(error))
        return Outcome(job, error=str(error))


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(filter(None, text.split(","))))
    known = export_formats()
    if not set(kinds) <= set(known):
        raise argparse.ArgumentTypeError(f"expected any of {', '.join(known)}, got {text!r}")
    return kinds


def add_exports(parser: argparse.ArgumentParser) -> None:
    """--also, and for each export format its own flag and options."""
    known = export_formats()
    parser.add_argument(
        "--also",
        type=_kinds,
        default=(),
        metavar="KIND,…",
        help=f"export beside each video any of: {', '.join(known)}",
    )
    for name, entry in known.items():
        parser.add_argument(f"--{name}", type=Path, metavar=entry.takes, help=entry.help)
        for option in entry.options:
            parser.add_argument(option.flag, **option.argparse)


def exports_from(arguments: argparse.Namespace) -> Exports:
    """What the flags of `add_exports` ask for, but for --also."""
    given, known = vars(arguments), export_formats()
    files = {name: given[name] for name in known if given[name] is not None}
    return Exports(files, {o.name: given[o.name] for entry in known.values() for o in entry.options})
