"""Make the labels that training takes for a folder of real crops.

    python -m tools.label_crops --real DIR --out FILE.npz [--views 8] [--every 1]

`main.py train --real DIR` makes them by itself where they are missing; this is for doing it beforehand, on
every Nth crop to look at them, or with more views.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.datasets.real_crops import RealCrops, read_real_crops
from models.hand.hand_data import load_open_hand
from models.training.real.label_files import RealLabels, make_labels, write_labels
from models.training.real.labels import LabelConfig
from tools.command import command


def summary(labels: RealLabels, crops: RealCrops) -> str:
    """Per source, medians and 95th percentiles of what the weights of labels are made from."""
    lines = [f"{'':12} {'crops':>5}  {'spread':>13}  {'mirror':>13}  {'fit error':>13}   % of the hand's box"]
    for source in np.unique(crops.source):
        mine = crops.source == source
        cells = [
            "{:5.2f} (95 %: {:5.2f})".format(*np.percentile(100 * column[mine], [50, 95]))
            for column in (labels.spread, labels.mirror, labels.error)
        ]
        lines.append(f"{source:12} {mine.sum():5}  " + "  ".join(cells))
    return "\n".join(lines)


@command
def main(arguments: list[str] | None = None) -> None:
    """Label, save, print a summary."""
    parser = argparse.ArgumentParser(description="labels for real crops")
    parser.add_argument("--real", type=Path, required=True, metavar="DIR", help="folder with labels.npz")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    parser.add_argument("--views", type=int, default=LabelConfig().views, help="views of each hand")
    parser.add_argument("--every", type=int, default=1, help="only every Nth crop")
    options = parser.parse_args(arguments)
    crops = every(read_real_crops(options.real), options.every)
    config = replace(LabelConfig(), views=options.views)
    labels = make_labels(crops, load_open_hand(), config, _progress(len(crops.image)))
    write_labels(labels, options.out)
    print(summary(labels, crops))


def every(crops: RealCrops, n: int) -> RealCrops:
    """Every nth of the crops."""
    if n < 1:
        raise ValueError(f"--every: expected 1 or more, got {n}")
    columns = {name: value[::n] for name, value in vars(crops).items() if name != "folder"}
    return RealCrops(crops.folder, **columns)


def _progress(count: int):  # type: ignore[no-untyped-def]
    def show(done: int) -> None:
        if sys.stderr.isatty() and done % 20 == 0:
            print(f"\r{done}/{count}", end="", file=sys.stderr)

    return show


if __name__ == "__main__":
    raise SystemExit(main())
