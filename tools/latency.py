"""Milliseconds a crop of networks on each engine, with MediaPipe's landmark network in the same run.

    python -m tools.latency [--rounds 40] [--processor] mobrecon-ghost mobrecon-dense ...

One thread. All take turns, so that a busy moment hits them all. On a busy machine give --processor: then it
is processor time that is counted, not what others take of it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov

from models.inference.engines import Engine, MixedEngine, OnnxEngine, OpenVinoEngine, TorchEngine
from models.inference.export import Deployed, export_onnx
from models.inference.runtime import engines_for, graph_path, ranges_of
from models.networks.zoo import build
from tools.build.landmark_net import BUNDLE, read_graph
from tools.command import command

MEDIAPIPE = "MediaPipe landmarks"


def _picture(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)


def _mediapipe() -> Callable[[], object]:
    """MediaPipe's tflite in OpenVINO, on a float picture as it wants it."""
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = ov.compile_model(read_graph(BUNDLE), "CPU", options).create_infer_request()
    picture = _picture(224).astype(np.float32) / 255
    return lambda: request.infer({0: picture}, share_inputs=True)


def _call(engine: Engine) -> Callable[[], object]:
    picture = _picture(engine.input_size)
    return lambda: engine(picture)


def measure(names: list[str], rounds: int, processor: bool) -> dict[tuple[str, str], tuple[float, float]]:
    """(network, engine) -> median and least milliseconds over the rounds. processor: of processor time."""
    clock = time.process_time if processor else time.perf_counter
    calls: dict[tuple[str, str], Callable[[], object]] = {(MEDIAPIPE, "openvino"): _mediapipe()}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            network, graph = build(name), Path(folder) / f"{name}.onnx"
            export_onnx(network, graph)
            calls[name, "openvino"] = _call(OpenVinoEngine(graph))
            if "openvino-bf16" in engines_for(name):
                calls[name, "openvino-bf16"] = _call(MixedEngine(graph))
            if "openvino-int8" in engines_for(name):  # of the graph that ships, which its ranges belong to
                calls[name, "openvino-int8"] = _call(MixedEngine(graph_path(name), ranges=ranges_of(name)))
            calls[name, "onnxruntime"] = _call(OnnxEngine(graph))
            calls[name, "torch"] = _call(TorchEngine(Deployed(network)))
    times: dict[tuple[str, str], list[float]] = {key: [] for key in calls}
    for i in range(3 + rounds):
        for key, call in calls.items():
            call()  # the one before it took the cache; time a warm call, as in a stream of frames
            start = clock()
            call()
            if i >= 3:
                times[key].append(1000 * (clock() - start))
    return {key: (statistics.median(t), min(t)) for key, t in times.items()}


@command
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", help="networks of the zoo")
    parser.add_argument("--rounds", type=int, default=40, help="calls of each that are timed")
    parser.add_argument("--processor", action="store_true", help="count processor time")
    arguments = parser.parse_args()
    times = measure(arguments.names, arguments.rounds, arguments.processor)
    baseline, best_baseline = times[MEDIAPIPE, "openvino"]
    print(f"{'':<35}{'median':>10}{'x MediaPipe':>14}{'least':>10}{'x MediaPipe':>14}")
    for (name, engine), (median, least) in times.items():
        ratios = median / baseline, least / best_baseline
        print(f"{name:<22}{engine:<15}{median:>5.2f} ms{ratios[0]:>14.2f}{least:>7.2f} ms{ratios[1]:>14.2f}")


if __name__ == "__main__":
    raise SystemExit(main())
