"""How many synthetic crops a second this machine makes, and what a batch's time goes into.

python -m tools.measure_synth [--size 128] [--batch 256] [--effects] [--device cpu]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

from models.hand_data import load_open_hand
from models.training.synth import SyntheticHands


def main() -> None:
    """Print samples a second, by the wall's clock and by the processor's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="side of a crop, pixels")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--effects", action="store_true", help="with the webcam's faults")
    parser.add_argument("--device", default="cpu", help="where the faults are computed")
    parser.add_argument("--backgrounds", type=Path)
    a = parser.parse_args()
    source = SyntheticHands(load_open_hand(), a.batch, a.backgrounds, 0, a.device, a.effects)
    source.batch(0, a.size)
    walls, processors = [], []
    for number in range(1, a.rounds + 1):
        wall, processor = time.perf_counter(), _processor_s()
        source.batch(number, a.size)
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


def _processor_s() -> float:
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    main()
