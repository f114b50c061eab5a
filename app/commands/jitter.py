"""`jitter`: each model's jitter on a hand that is held still, on the same frames."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from app.capture import DEMO, ImageFile, list_cameras, live_frames, open_file, source_kind, source_path
from app.commands.numbers import between
from app.commands.options import (
    add_camera,
    add_json,
    camera_settings,
    check_calibration,
    print_json,
    say,
)
from app.commands.progress import ProgressBar
from app.errors import UserError
from app.jitter import (
    NAMES,
    JitterReport,
    JitterTest,
    NoHandFound,
    prepare_folder,
    report_text,
    save_report,
)
from app.jitter.spool import FrameSpool
from app.offline.video import Progress
from app.session import Settings

_COUNTDOWN_S = 3

TimedFrame = tuple[NDArray[np.uint8], float]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("jitter", help="the temporal jitter of each model on a hand held still")
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="a camera's number or a video (default: a camera, or demo)",
    )
    parser.add_argument(
        "--seconds",
        type=between(0.5, 600, "0.5 to 600 seconds"),
        default=10.0,
        metavar="S",
        help="how long (default: 10)",
    )
    parser.add_argument(
        "--start",
        type=between(-1e9, 1e9, "seconds"),
        default=0.0,
        metavar="S",
        help="where in a video; -5: 5 s before its end",
    )
    parser.add_argument(
        "--model", type=_models, default=NAMES, metavar="NAME,…", help=f"of {', '.join(NAMES)} (default: all)"
    )
    parser.add_argument(
        "--smoothing",
        type=between(0, 1, "0 (steady) to 1 (responsive)"),
        default=0.5,
        metavar="0…1",
        help="of the filter that is judged",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="jitter.json, jitter.csv, jitter.png")
    add_camera(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; with --out also write. Raises UserError."""
    settings = camera_settings(arguments, Settings())
    if arguments.out is not None:
        prepare_folder(arguments.out)
    source = arguments.source
    if source is None:
        cameras = list_cameras()
        source = str(cameras[0].index) if cameras else DEMO
        if not cameras:
            say("no camera found: measuring the demo clip, whose hand moves")
    if source_kind(source) == "camera":
        with closing(_record(source, arguments.seconds)) as spool:
            report = _measure(spool.frames(), spool.count, arguments, settings, f"camera {source}")
    else:
        file = open_file(source_path(source))
        if isinstance(file, ImageFile):
            raise UserError(f"{source} is one picture; a jitter test needs a video or a camera")
        check_calibration(settings, file.size_wh)
        start_s = arguments.start if arguments.start >= 0 else max(0.0, file.duration_s + arguments.start)
        frames = _part(((f.image_rgb, f.time_s) for f in file.frames()), start_s, arguments.seconds)
        fraction = min(arguments.seconds, file.duration_s - start_s) / max(file.duration_s, 1e-6)
        expected = max(0, round(file.n_frames * fraction))
        report = _measure(frames, expected, arguments, settings, source)
    print(report_text(report), end="")
    if arguments.out is not None:
        print(f"{arguments.out}: {', '.join(save_report(report, arguments.out))}")
    if arguments.json:
        print_json(report.summary())
    return 0


def _measure(
    frames: Iterator[TimedFrame],
    expected: int,
    arguments: argparse.Namespace,
    settings: Settings,
    source: str,
) -> JitterReport:
    """Show the frames to every model, with a progress bar."""
    bar, started_s = ProgressBar(), time.perf_counter()
    with closing(JitterTest(arguments.model, arguments.smoothing)) as test:
        try:
            for frame_rgb, time_s in frames:
                height, width = frame_rgb.shape[:2]
                test.add(frame_rgb, time_s, settings.camera(width, height))
                bar(Progress(test.frames, expected, test.frames / (time.perf_counter() - started_s)))
            return test.report(source)
        except NoHandFound as error:
            raise UserError(str(error)) from error
        finally:
            bar.end()


def _part(frames: Iterator[TimedFrame], start_s: float, seconds: float) -> Iterator[TimedFrame]:
    for frame_rgb, time_s in frames:
        if time_s >= start_s + seconds:
            return
        if time_s >= start_s:
            yield frame_rgb, time_s


def _record(source: str, seconds: float) -> FrameSpool:
    """That many seconds of a camera, after a countdown that gives it time to settle."""
    stop, spool = Event(), FrameSpool()
    began_s, said = 0.0, _COUNTDOWN_S + 1
    say("rest camera and elbow; show one open hand and hold it still")
    try:
        for frame in live_frames(source, stop, lambda line: say(line) if line else None):
            began_s = began_s or frame.time_s
            left_s = began_s + _COUNTDOWN_S - frame.time_s
            if left_s > 0:
                if int(np.ceil(left_s)) < said:
                    said = int(np.ceil(left_s))
                    say(f"{said} …")
                continue
            if frame.time_s >= began_s + _COUNTDOWN_S + seconds:
                break
            if not spool.count:
                say(f"measuring for {seconds:g} s: hold still")
            spool.add(frame.image_rgb, frame.time_s)
    except OSError as error:
        spool.close()
        raise UserError(f"the frames can't be kept ({error.strerror}); free some space") from error
    except BaseException:
        spool.close()
        raise
    finally:
        stop.set()
    return spool


def _models(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for name in text.split(",") if name))
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"no model {', '.join(unknown) or 'given'}; choose from {', '.join(NAMES)}"
        )
    return names
