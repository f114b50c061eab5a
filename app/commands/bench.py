"""`bench`: how long each stage takes on this machine, beside MediaPipe Hands on the same frames."""

from __future__ import annotations

import argparse
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import numpy as np

from app.ahead import ahead
from app.capture import DEMO, Frame, open_file, source_path
from app.commands.doctor import machine_name
from app.commands.models import latency_ms
from app.commands.options import add_json, print_json
from app.effects import effect_names
from app.errors import UserError
from app.offline import spread
from app.render.context import NoGraphics
from app.session import Settings
from app.session.drawing import Drawing, load_compositor
from app.session.finder import load_pipeline, pipeline_config
from models.native import native_stderr_closed
from models.pipeline import DEFAULT_MODEL, MODELS, PipelineResult

_WARM_UP = 30


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("bench", help="stage latencies and frames per second, beside MediaPipe")
    parser.add_argument("source", nargs="?", default=DEMO, metavar="SOURCE", help="a video (default: demo)")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        metavar="NAME,…",
        help=f"which models; stages are the first one's (default: {DEFAULT_MODEL})",
    )
    parser.add_argument(
        "--effect", choices=effect_names(), default="ring", help="what stage `draw` draws (default: ring)"
    )
    parser.add_argument("--frames", type=_frames, default=240, metavar="N", help="how many frames to measure")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Raises UserError."""
    names = [name for name in arguments.model.split(",") if name]
    unknown = [name for name in names if name not in MODELS]
    if unknown or not names:
        raise UserError(f"--model: no model {', '.join(unknown) or 'given'}; choose from {', '.join(MODELS)}")
    file = open_file(source_path(arguments.source))
    frames = list(islice(file.frames(), arguments.frames + _WARM_UP))
    frames = _long_enough(frames, arguments.frames + _WARM_UP)
    settings = Settings(model=names[0], effect=arguments.effect)
    stages_ms, pictures_ms = _one_by_one(frames, settings)
    report: dict[str, Any] = {
        "machine": machine_name(),
        "frame_size": list(file.size_wh),
        "frames": arguments.frames,
        "effect": arguments.effect,
        "mediapipe_ms": _mediapipe_ms(frames),
        "models": {name: latency_ms(name, ("openvino", "onnxruntime")) for name in names},
        "stages_ms": {name: spread(values) for name, values in stages_ms.items()},
        "end_to_end": {
            "fps": _throughput(frames, settings),
            "capture_to_picture_ms": {
                f"p{q}": round(float(np.percentile(pictures_ms, q)), 3) for q in (50, 95, 99)
            },
        },
    }
    _print(report)
    if arguments.json:
        print_json(report)
    return 0


def _long_enough(frames: Sequence[Frame], count: int) -> list[Frame]:
    """The frames again and again until there are `count`, time going on."""
    length_s = frames[-1].time_s + (frames[-1].duration_s or 1 / 30)
    rounds = -(-count // len(frames))
    return [
        Frame(frame.image_rgb, frame.time_s + turn * length_s, turn * len(frames) + frame.index)
        for turn in range(rounds)
        for frame in frames
    ][:count]


def _one_by_one(frames: Sequence[Frame], settings: Settings) -> tuple[dict[str, list[float]], list[float]]:
    """Milliseconds of each stage, and from the frame to the finished picture, one frame at a time."""
    pipeline = load_pipeline(pipeline_config(settings))
    drawing = Drawing(load_compositor, _give_up)
    stages_ms: dict[str, list[float]] = {}
    pictures_ms = []
    for index, frame in enumerate(frames):
        start_s = time.perf_counter()
        result = pipeline.process(frame.image_rgb, frame.time_s)
        found_s = time.perf_counter()
        drawing.draw(frame.image_rgb, result, settings, frame.time_s)
        end_s = time.perf_counter()
        if index >= _WARM_UP:
            pictures_ms.append((end_s - start_s) * 1e3)
            for name, value in {**result.stages_ms, "draw": (end_s - found_s) * 1e3}.items():
                stages_ms.setdefault(name, []).append(value)
    drawing.close()
    pipeline.close()
    return stages_ms, pictures_ms


def _throughput(frames: Sequence[Frame], settings: Settings) -> float:
    """Frames per second with inference and drawing on threads of their own, as the window runs them."""

    def found() -> Generator[tuple[Frame, PipelineResult]]:
        with closing(load_pipeline(pipeline_config(settings))) as pipeline:
            for frame in frames:
                yield frame, pipeline.process(frame.image_rgb, frame.time_s)

    drawing = Drawing(load_compositor, _give_up)
    start_s = time.perf_counter()
    with closing(ahead(found())) as results:
        for index, (frame, result) in enumerate(results):
            drawing.draw(frame.image_rgb, result, settings, frame.time_s)
            if index == _WARM_UP - 1:
                start_s = time.perf_counter()
    drawing.close()
    return round((len(frames) - _WARM_UP) / (time.perf_counter() - start_s), 2)


def _mediapipe_ms(frames: Sequence[Frame]) -> float:
    """Median of MediaPipe's own hand landmarker in video mode: the yardstick."""
    import mediapipe as mp

    from models.landmarks import BUNDLE

    vision = mp.tasks.vision
    options = vision.HandLandmarkerOptions(
        base_options=mp.tasks.BaseOptions(model_asset_buffer=BUNDLE.read_bytes()),
        running_mode=vision.RunningMode.VIDEO,
        num_hands=1,
    )
    times_ms = []
    with native_stderr_closed():
        landmarker = vision.HandLandmarker.create_from_options(options)
        first = mp.Image(image_format=mp.ImageFormat.SRGB, data=frames[0].image_rgb)
        landmarker.detect_for_video(first, 0)  # its last chatter comes with the first picture
    with landmarker:
        for index, frame in enumerate(frames):
            image = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame.image_rgb)
            start_s = time.perf_counter()
            landmarker.detect_for_video(image, round(frame.time_s * 1e3) + index + 1)
            times_ms.append((time.perf_counter() - start_s) * 1e3)
    return round(float(np.median(times_ms[_WARM_UP:])), 3)


def _print(report: dict[str, Any]) -> None:
    print(f"{report['machine']}; {report['frames']} frames of {'×'.join(map(str, report['frame_size']))}")
    print(f"draw: {report['effect']}, with occlusion, shadow and compositing")
    print(f"{'stage':<12}{'median ms':>12}{'p95 ms':>12}")
    for name, values in report["stages_ms"].items():
        print(f"{name:<12}{values['median']:>12.2f}{values['p95']:>12.2f}")
    picture_ms = report["end_to_end"]["capture_to_picture_ms"]
    print(f"capture to picture: {picture_ms['p50']:.1f} ms median, {picture_ms['p95']:.1f} ms p95")
    print(f"throughput: {report['end_to_end']['fps']:.1f} frames/s")
    print(f"MediaPipe Hands on the same frames: {report['mediapipe_ms']:.1f} ms")


def _give_up(error: NoGraphics) -> None:
    raise error


def _frames(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of frames from 1 up, got {text!r}")
    return int(text)
