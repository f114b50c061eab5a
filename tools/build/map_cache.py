"""Draw hands, show them to the frozen landmark encoder, and keep its maps: what decoders learn from.

    python -m tools.build.map_cache --out DIR --crops 100000 [--capacity N] [--backgrounds DIR] [--seed N]

A folder that is a cache already goes on (give another seed); when it is full, new crops replace the
oldest, so one program can draw while another learns. 150 kB a crop.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import torch

from models.hand.hand_data import load_open_hand
from models.networks.encoders.landmark_net import INPUT_SIZE
from models.training.maps.drawn import SIDES, fill
from tools.command import command


@command
def main() -> None:
    parser = argparse.ArgumentParser(description="the landmark encoder's maps of drawn hands")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--crops", type=int, required=True, help="ever written into it when this ends")
    parser.add_argument("--capacity", type=int, help="crops that it holds (default: --crops)")
    parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="pictures to lay hands over")
    parser.add_argument("--scales", type=Path, metavar="DIR", help="another cache with the same byte scales")
    parser.add_argument("--full", action="store_true", help="draw every crop at full size, to judge by")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.setdefault("LP_NUM_THREADS", "0")  # a software renderer would take every core
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    fill(
        options.out,
        load_open_hand(),
        options.backgrounds,
        options.seed,
        options.capacity or options.crops,
        options.crops,
        options.scales,
        (INPUT_SIZE,) if options.full else SIDES,
    )


if __name__ == "__main__":
    raise SystemExit(main())
