"""`export`: a network as an ONNX graph, compared with torch before it is kept."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.options import add_json, print_json
from app.errors import UserError


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("export", help="a network as ONNX, checked against torch")
    parser.add_argument("model", metavar="NAME", help="a network of `models`")
    parser.add_argument("--out", required=True, metavar="FILE.onnx")
    parser.add_argument(
        "--untrained", action="store_true", help="export it with random numbers where it has no weights"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Export and say how near torch the graph is. Raises UserError."""
    out = Path(arguments.out)
    if out.suffix.lower() != ".onnx":
        raise UserError(f"--out: expected a name that ends in .onnx, got {arguments.out}")
    from models.inference.export import export_onnx
    from models.networks.zoo import build, declared, own_weights

    try:
        declared(arguments.model)
    except ValueError as error:
        raise UserError(str(error)) from error
    if own_weights(arguments.model) is None and not arguments.untrained:
        raise UserError(f"{arguments.model} has no weights yet; --untrained exports it with random numbers")
    try:
        difference = export_onnx(build(arguments.model), out)
    except OSError as error:
        raise UserError(f"{out} can't be written ({error.strerror}); choose another --out") from error
    size_mb = out.stat().st_size / 1e6
    print(f"{out}: {size_mb:.1f} MB, largest difference from torch {difference:.1e}")
    if arguments.json:
        report = {
            "model": arguments.model,
            "out": str(out),
            "mb": round(size_mb, 2),
            "difference": difference,
        }
        print_json(report)
    return 0
