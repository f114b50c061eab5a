"""`models`: every network, its size, weights, licence and speed on this machine."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np

from app.commands.options import add_json, print_json
from models.landmarks import BUNDLE, INPUT_SIZE, LandmarkNet
from models.pipeline import MODELS

_RUNS = 40
_COLUMNS = {  # key: (heading, width)
    "name": ("name", 15),
    "input": ("input", 8),
    "mult_adds_m": ("Mult-Adds M", 12),
    "parameters_m": ("params M", 9),
    "weights": ("weights", 9),
    "licence": ("licence", 11),
    "latency_ms": ("median ms a crop, one thread, fastest first", 0),
}


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("models", help="every network: size, weights, licence, speed")
    parser.add_argument(
        "--no-latency",
        action="store_true",
        help="skip the timing, which exports every network the first time",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    rows = model_rows(latency=not arguments.no_latency)
    print("".join(f"{heading:<{width}}" for heading, width in _COLUMNS.values()).rstrip())
    for row in rows:
        cells = (f"{_text(row[key]):<{width}}" for key, (_, width) in _COLUMNS.items())
        print("".join(cells).rstrip())
    if not all(row["weights"] for row in rows):
        print("without weights: not trained yet; its figures are those of the network with random numbers")
    if arguments.json:
        print_json({"default": MODELS[0], "models": rows})
    return 0


def model_rows(latency: bool = True) -> list[dict[str, Any]]:
    """One row per model, under the names that scripts rely on. Without `latency`, latency_ms is empty."""
    return [_fit_row(latency), *_network_rows(latency)]


def _fit_row(latency: bool) -> dict[str, Any]:
    present = BUNDLE.is_file()
    return {
        "name": "fit",
        "input": [INPUT_SIZE, INPUT_SIZE],
        "mult_adds_m": 331.0,
        "parameters_m": 2.72,
        "weights": present,
        "licence": "Apache-2.0",
        "latency_ms": {"openvino": landmark_net_ms()} if present and latency else {},
    }


def _network_rows(latency: bool) -> list[dict[str, Any]]:
    from models.runtime import measure  # torch comes with them, and takes a second
    from models.zoo import table

    rows = [row.as_json() | {"latency_ms": {}} for row in table()]
    for i, row in enumerate(rows if latency else (), 1):
        if sys.stderr.isatty():
            print(f"\rtiming {i} of {len(rows)}: {row['name']:<20}", end="", file=sys.stderr, flush=True)
        times_ms = measure(row["name"])
        row["latency_ms"] = {
            engine: round(ms, 3) for engine, ms in sorted(times_ms.items(), key=lambda t: t[1])
        }
    if latency and sys.stderr.isatty():
        print("\r" + " " * 50 + "\r", end="", file=sys.stderr)
    return rows


def landmark_net_ms() -> float:
    """Median time of the landmark network on one core, milliseconds."""
    net = LandmarkNet()
    crop_rgb = np.random.default_rng(0).integers(0, 255, (INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    times_ms = []
    for _ in range(_RUNS):
        start_s = time.perf_counter()
        net(crop_rgb)
        times_ms.append((time.perf_counter() - start_s) * 1e3)
    return round(float(np.median(times_ms)), 3)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "none yet"
    if isinstance(value, dict):
        return ", ".join(f"{name} {ms:.1f}" for name, ms in value.items()) or "–"
    if isinstance(value, list):
        return "×".join(map(str, value))
    return f"{value:.1f}" if isinstance(value, float) else str(value)
