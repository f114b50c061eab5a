"""How many synthetic crops a second this machine makes, and what a batch's time goes into.

At the end, as a measure of the machine's own pace: how long MediaPipe's landmark network takes a crop.

python -m tools.measure_synth [--size 128] [--batch 256] [--effects] [--device cpu] [--processes 2]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np

from models.hand.hand_data import load_open_hand
from models.inference.landmark_runtime import LandmarkRuntime
from models.training.synthetic.render_workers import RenderWorkers
from models.training.synthetic.sampler import SyntheticHands
from tools.command import command

_PACES = 200


@command
def main() -> None:
    """Print samples a second, by the wall's clock and by the processor's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="side of a crop, pixels")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--effects", action="store_true", help="with the webcam's faults")
    parser.add_argument("--device", default="cpu", help="where the faults are computed")
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument(
        "--processes", type=int, default=0, help="that draw, as `train --drawers N` has them; 0: this one"
    )
    a = parser.parse_args()
    if a.processes:
        _measure_drawers(a)
    else:
        _measure_one(a)
    print(f"MediaPipe's landmark network, one thread: {_pace_ms():.1f} ms a crop (median of {_PACES})")


def _measure_one(a: argparse.Namespace) -> None:
    """Print what this process draws, and how much of the processor that takes."""
    source = SyntheticHands(
        load_open_hand(), side_px=a.size, backgrounds=a.backgrounds, device=a.device, effects=a.effects
    )
    source.batch(0, a.batch)
    walls, processors = [], []
    for number in range(1, a.rounds + 1):
        wall, processor = time.perf_counter(), _processor_s()
        source.batch(number, a.batch)
        walls.append(time.perf_counter() - wall)
        processors.append(_processor_s() - processor)
    wall, processor = statistics.median(walls), statistics.median(processors)
    cores = os.cpu_count() or 1
    kind = "with" if a.effects else "without"
    print(f"{source.graphics}; {cores} cores, load {os.getloadavg()[0]:.1f}")
    print(
        f"{a.size} px {kind} camera effects, batches of {a.batch}: {a.batch / wall:.0f} samples/s (median of"
        f" {a.rounds}; best {a.batch / min(walls):.0f}); {1000 * processor / a.batch:.2f} ms of processor"
        f" a sample, which is {a.batch / processor:.0f} a second and core"
    )


def _measure_drawers(a: argparse.Namespace) -> None:
    """Print what several processes draw together, all of them kept busy."""
    source = RenderWorkers(load_open_hand(), a.size, a.backgrounds, 0, a.device, a.processes, a.effects)
    first = 2 * a.processes  # by then every process has begun
    for number in range(first + a.rounds + source.reach):
        source.expect(number, a.batch)
    for number in range(first):
        source.batch(number, a.batch)
    start = time.perf_counter()
    for number in range(first, first + a.rounds):
        source.batch(number, a.batch)
    speed = a.rounds * a.batch / (time.perf_counter() - start)
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {a.size} px, batches of {a.batch}: "
        f"{speed:.0f} samples/s from {a.processes} processes (mean of {a.rounds} batches)"
    )
    source.close()


def _pace_ms() -> float:
    network = LandmarkRuntime()
    crop = np.random.default_rng(0).integers(0, 256, (network.input_size, network.input_size, 3), np.uint8)
    times = []
    for _ in range(_PACES):
        start = time.perf_counter()
        network(crop)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def _processor_s() -> float:
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    raise SystemExit(main())
