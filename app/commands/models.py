"""`models`: every network, its size, weights, licence and speed on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from app.commands.options import add_json, print_json
from models.evaluation.accuracy import accuracy
from models.inference.autotune import medians_ms
from models.inference.bundle import BUNDLE
from models.inference.engines import ENGINES, EngineName
from models.inference.landmark_runtime import INPUT_SIZE, LandmarkRuntime
from models.inference.runtime import measure
from models.tracking.pipeline import DEFAULT_MODEL

if TYPE_CHECKING:
    from models.networks.declaration import Network

_RUNS = 40
_COLUMNS = {
    "name": "name",
    "input": "input",
    "mult_adds_m": "Mult-Adds M",
    "parameters_m": "params M",
    "weights": "weights",
    "licence": "licence",
    "pa_mpjpe_mm": "PA mm",
    "joints_2d_percent": "2D %",
    "latency_ms": "median ms a crop, one thread, fastest first",
}


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("models", help="every network: size, weights, licence, speed")
    timing = parser.add_mutually_exclusive_group()
    timing.add_argument("--no-latency", action="store_true", help="time nothing")
    timing.add_argument(
        "--all",
        action="store_true",
        help="time networks without weights too; the first time, minutes, since each is exported",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    rows = model_rows([] if arguments.no_latency else _to_time(arguments.all))
    table = [list(_COLUMNS.values()), *([_text(row[key]) for key in _COLUMNS] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())
    print("PA mm: PA-MPJPE on hands measured by two cameras; 2D %: error over the hand’s box on photographs")
    if not all(row["weights"] for row in rows):
        print("without weights: not trained yet; its figures are those of the network with random numbers")
    if arguments.json:
        print_json({"default": DEFAULT_MODEL, "models": rows})
    return 0


def model_rows(to_time: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One row per model, under the names that scripts rely on. to_time: whose latency_ms is measured."""
    from models.networks.zoo import networks  # imports torch: only where it is asked for

    rows = [_fit_row(), *(_network_row(network) for network in networks().values())]
    timed = [row for row in rows if row["name"] in to_time]
    for i, row in enumerate(timed, 1):
        if sys.stderr.isatty():
            print(f"\rtiming {i} of {len(timed)}: {row['name']:<20}", end="", file=sys.stderr, flush=True)
        row["latency_ms"] = latency_ms(row["name"])
    if timed and sys.stderr.isatty():
        print("\r" + " " * 50 + "\r", end="", file=sys.stderr)
    return rows


def latency_ms(model: str, engines: Sequence[EngineName] = ENGINES) -> dict[str, float]:
    """Median milliseconds a crop, one thread, on each engine, fastest first."""
    if model == "fit":
        return {"openvino": landmark_net_ms()}
    times_ms = measure(model, engines)
    return {engine: round(ms, 3) for engine, ms in sorted(times_ms.items(), key=lambda t: t[1])}


def _to_time(every: bool) -> list[str]:
    from models.networks.zoo import networks, own_weights

    names = [name for name in networks() if every or own_weights(name) is not None]
    return ["fit", *names] if BUNDLE.is_file() else names


def _fit_row() -> dict[str, Any]:
    return {
        "name": "fit",
        "input": [INPUT_SIZE, INPUT_SIZE],
        "mult_adds_m": 331.0,
        "parameters_m": 2.72,
        "weights": BUNDLE.is_file(),
        "licence": "Apache-2.0",
        **_accuracy("fit"),
        "latency_ms": {},
    }


def _network_row(network: Network) -> dict[str, Any]:
    from models.networks.zoo import own_weights

    size, weights = network.size, own_weights(network.name)
    return {
        "name": network.name,
        "input": [size.input_size, size.input_size],
        "mult_adds_m": size.mult_adds_m,
        "parameters_m": size.parameters_m,
        "weights": weights is not None,
        "licence": weights.licence if weights else "Apache-2.0",  # without weights: the code's
        **_accuracy(network.name),
        "latency_ms": {},
    }


def _accuracy(name: str) -> dict[str, float | None]:
    return {"pa_mpjpe_mm": None, "joints_2d_percent": None, **accuracy(name)}


def landmark_net_ms() -> float:
    """Median time of the landmark network on one core, milliseconds."""
    net = LandmarkRuntime()
    crop_rgb = np.random.default_rng(0).integers(0, 255, (INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    return round(medians_ms({"": lambda: net(crop_rgb)}, _RUNS)[""], 3)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "none yet"
    if isinstance(value, dict):
        return ", ".join(f"{name} {ms:.1f}" for name, ms in value.items()) or "–"
    if isinstance(value, list):
        return "×".join(map(str, value))
    return f"{value:.1f}" if isinstance(value, float) else str(value)
