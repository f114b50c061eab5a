"""`models`: every network, its size, weights, licence and speed on this machine."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from app.commands.options import add_json, print_json
from models.landmarks import BUNDLE, INPUT_SIZE, LandmarkNet
from models.pipeline import MODELS

_RUNS = 40


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("models", help="every network: size, weights, licence, speed")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    rows = model_rows()
    columns = ("name", "input", "mult_adds_m", "parameters_m", "weights", "licence", "latency_ms")
    print("  ".join(f"{column:<14}" for column in columns).rstrip())
    for row in rows:
        print("  ".join(f"{_text(row[column]):<14}" for column in columns).rstrip())
    if arguments.json:
        print_json({"default": MODELS[0], "models": rows})
    return 0


def model_rows() -> list[dict[str, Any]]:
    """One row per model, under the names that scripts rely on."""
    present = BUNDLE.is_file()
    return [
        {
            "name": "fit",
            "input": [INPUT_SIZE, INPUT_SIZE],
            "mult_adds_m": 331.0,
            "parameters_m": 2.72,
            "weights": present,
            "licence": "Apache-2.0",
            "latency_ms": {"openvino": landmark_net_ms()} if present else {},
        }
    ]


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
        return "yes" if value else "missing"
    if isinstance(value, dict):
        return ", ".join(f"{name} {ms:.1f}" for name, ms in value.items()) or "–"
    if isinstance(value, list):
        return "×".join(map(str, value))
    return str(value)
