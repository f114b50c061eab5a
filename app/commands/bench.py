"""`bench`: how fast this machine is, stage by stage and from end to end, beside MediaPipe Hands."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from app.bench.baseline import MediaPipeHands
from app.bench.chart import write_chart
from app.bench.clips import SIZES, Scene, clip_at, repeated, scenes, staged
from app.bench.machine import this_machine
from app.bench.networks import time_networks, time_search
from app.bench.parts import time_parts
from app.bench.peak import peak_gmacs
from app.bench.playing import AtSize, play, throughput
from app.bench.report import Report
from app.bench.spread import Spread
from app.bench.stages import WARM_UP, time_effects, time_stages
from app.capture import DEMO, Frame, ImageFile, VideoFile, open_file, parse_size, source_path
from app.commands.numbers import whole
from app.commands.options import add_json, print_json
from app.effects import effect_names
from app.errors import UserError
from app.output import prepare_output
from app.session import Settings
from models.inference.engines import ENGINES
from models.tracking.pipeline import DEFAULT_MODEL, MODELS, PipelineResult

_PARTS_FRAMES = 60
_SIZE_RUNS = 3  # from end to end at each size


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "bench", help="stages, networks, effects, frames per second and delay, beside MediaPipe"
    )
    parser.add_argument("source", nargs="?", default=DEMO, metavar="SOURCE", help="a video (default: demo)")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        metavar="NAME,…",
        help=f"the first finds the hands; of networks, all with weights are timed (default: {DEFAULT_MODEL})",
    )
    parser.add_argument(
        "--effect",
        choices=effect_names(),
        default="ring",
        help="what is drawn from end to end (default: ring)",
    )
    parser.add_argument(
        "--sizes",
        type=_sizes,
        default=SIZES,
        metavar="WxH,…",
        help=f"of the pictures (default: {','.join(f'{w}x{h}' for w, h in SIZES)})",
    )
    parser.add_argument("--frames", type=whole(1), default=240, metavar="N", help="frames of each row (240)")
    parser.add_argument("--runs", type=whole(1), default=5, metavar="N", help="runs from end to end (5)")
    parser.add_argument(
        "--seconds", type=whole(1), default=15, metavar="S", help="how long it is played at its own rate (15)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="under a minute: the clip as it is, fewer frames and runs"
    )
    parser.add_argument("--saver", action="store_true", help="infer still hands less, as in the window")
    parser.add_argument("--all", action="store_true", help="networks without weights too; takes minutes")
    parser.add_argument("--window", action="store_true", help="also in the window, up to what is painted")
    parser.add_argument("--chart", type=Path, metavar="FILE.png", help="draw the figures")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Raises UserError."""
    names = _models(arguments.model)
    file = open_file(source_path(arguments.source))
    if arguments.chart is not None:
        prepare_output(arguments.chart, ".png")
    if arguments.quick:
        arguments.frames, arguments.runs = min(arguments.frames, 90), min(arguments.runs, 3)
        arguments.seconds = min(arguments.seconds, 5)
    settings = Settings(model=names[0], effect=arguments.effect, saver=arguments.saver)
    title, size_wh = arguments.source, file.size_wh
    report = Report(this_machine(), title, size_wh, arguments.frames, names[0], arguments.effect)
    frames = list(repeated(file, arguments.frames + WARM_UP))
    _say("stages")
    sizes = () if arguments.quick else arguments.sizes
    found = _time_scenes(report, frames, settings, sizes)
    _say("effects")
    _time_effects(report, frames, found, settings, arguments.quick)
    _say("networks")
    report.peak_gmacs = peak_gmacs(20)
    every = [*names, *MODELS, *(_all_networks() if arguments.all else ())]
    engines = ENGINES if arguments.all else ENGINES[:-1]  # torch is last
    runs = 15 if arguments.quick else 40
    report.networks = time_networks(list(dict.fromkeys(every)), engines, runs)
    report.search_ms = time_search(frames[-1], settings.model, settings.max_hands, runs)
    _time_end_to_end(report, file, settings, arguments)
    _time_sizes(report, file, settings, sizes, arguments)
    _say("")
    print("\n".join(report.lines()))
    if arguments.chart is not None:
        _draw(report, arguments.chart)
    if arguments.json:
        print_json(report.as_dict())
    return 0


def _time_scenes(
    report: Report, frames: Sequence[Frame], settings: Settings, sizes: Sequence[tuple[int, int]]
) -> list[PipelineResult]:
    """Measure them; what was found in the clip as it is."""
    plain = Scene(1, report.frame_size_wh)
    times, found = time_stages(frames, replace(settings, max_hands=1), MediaPipeHands)
    report.scenes[plain.name] = times
    for scene in scenes(sizes):
        if scene != plain:
            _say(f"stages, {scene.name}")
            shown = list(staged(frames, scene))
            times, _ = time_stages(shown, replace(settings, max_hands=scene.hands), MediaPipeHands)
            report.scenes[scene.name] = times
    return found


def _all_networks() -> list[str]:
    from models.networks.zoo import networks  # imports torch, which takes over a second

    return list(networks())


def _time_effects(
    report: Report, frames: Sequence[Frame], found: Sequence[PipelineResult], settings: Settings, quick: bool
) -> None:
    names = [settings.effect] if quick else [name for name in effect_names() if name != "none"]
    part = slice(0, max(WARM_UP + 1, len(frames) // 2))
    report.effects_ms = time_effects(
        frames[part], found[part], names, lambda name: replace(settings, effect=name)
    )


def _time_end_to_end(
    report: Report, file: VideoFile | ImageFile, settings: Settings, arguments: argparse.Namespace
) -> None:
    fps: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(arguments.runs):
        for recording, values in fps.items():
            _say(f"end to end, {turn + 1} of {arguments.runs}")
            values.append(throughput(file, arguments.frames + WARM_UP, settings, recording))
    report.fps, report.fps_recording = (Spread.of(values) for values in fps.values())
    _say("end to end, at its own rate")
    report.played = play(arguments.source, settings, arguments.seconds)
    if arguments.window:
        _say("in the window")
        report.window = _watch_window(settings, arguments.source, arguments.seconds)


def _time_sizes(
    report: Report,
    file: VideoFile | ImageFile,
    settings: Settings,
    sizes: Sequence[tuple[int, int]],
    arguments: argparse.Namespace,
) -> None:
    """From end to end at every size, the sizes in turns, one hand."""
    settings = replace(settings, max_hands=1)
    fps: dict[tuple[int, int], dict[bool, list[float]]] = {size: {False: [], True: []} for size in sizes}
    with tempfile.TemporaryDirectory() as folder:
        clips = {size: clip_at(file, size, arguments.frames + WARM_UP, Path(folder)) for size in sizes}
        for turn in range(min(arguments.runs, _SIZE_RUNS)):
            for size, clip in clips.items():
                for recorded, values in fps[size].items():
                    _say(f"{size[0]}×{size[1]}, {turn + 1} of {min(arguments.runs, _SIZE_RUNS)}")
                    values.append(throughput(clip, arguments.frames + WARM_UP, settings, recorded))
        for size, clip in clips.items():
            _say(f"{size[0]}×{size[1]}, at its own rate")
            played = play(str(clip.path), settings, arguments.seconds)
            plain, recording = (Spread.of(values) for values in fps[size].values())
            parts = time_parts(list(islice(clip.frames(), _PARTS_FRAMES)), size)
            parts_ms = {name: Spread.of(values) for name, values in parts.items()}
            report.sizes[f"{size[0]}×{size[1]}"] = AtSize(plain, recording, played, parts_ms)


def _sizes(text: str) -> tuple[tuple[int, int], ...]:
    try:
        return tuple(dict.fromkeys(parse_size(part) for part in text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _watch_window(settings: Settings, source: str, seconds: float) -> dict[str, float]:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # it paints, and nobody sees it
    from app.ui.trial import watch_window

    shown = watch_window(settings, source, seconds)
    return {
        "fps": round(shown.fps, 2),
        "p50": round(shown.latency_p50_ms, 3),
        "p95": round(shown.latency_p95_ms, 3),
        "p99": round(shown.latency_p99_ms, 3),
        "dropped": shown.dropped,
        "cores": round(shown.cores, 2),
        "memory_mb": round(shown.memory_mb, 1),
    }


def _draw(report: Report, path: Path) -> None:
    try:
        write_chart(report, path)
    except ModuleNotFoundError as error:
        raise UserError("--chart needs matplotlib: pip install matplotlib") from error
    except OSError as error:
        raise UserError(f"{path} can't be written ({error.strerror}); free some space") from error
    print(f"The chart is in {path}")


def _models(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in MODELS]
    if unknown or not names:
        raise UserError(f"--model: no model {', '.join(unknown) or 'given'}; choose from {', '.join(MODELS)}")
    return names


def _say(line: str) -> None:
    """What is being measured; an empty line wipes that."""
    if sys.stderr.isatty():
        print(f"\r{line:<50}\r", end="", file=sys.stderr, flush=True)
