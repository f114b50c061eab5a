"""`train NETWORK`: a network of the zoo, on drawn hands, real ones, or both."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands.evaluate import data_set
from app.commands.numbers import between, whole
from app.commands.options import add_json, print_json, say
from app.errors import UserError
from app.output import prepare_output
from models.datasets.registry import training_sets

if TYPE_CHECKING:
    from models.training.config import TrainConfig

_LENGTH = "length of the run (default: the schedule's)"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("train", help="train a network on drawn and real hands")
    parser.add_argument("network", nargs="?", metavar="NETWORK", help="a network of `models`")
    parser.add_argument(
        "--schedule", metavar="NAME", help="a named configuration (default: the network's own)"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=between(1e-3, 1e6, "a number above 0"), metavar="M", help=_LENGTH)
    length.add_argument("--steps", type=whole(1), metavar="N", help=_LENGTH)
    parser.add_argument(
        "--batch", type=whole(1), metavar="N", help="samples a step (default: the schedule's)"
    )
    parser.add_argument(
        "--real", type=Path, metavar="DIR", help="real crops, as tools/build/real_crops.py makes"
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE.npz",
        help="labels of --real, made if missing (default: in --out)",
    )
    parser.add_argument(
        "--measured",
        nargs="+",
        type=_measured,
        default=(),
        metavar="NAME:DIR",
        help=f"your copies of {', '.join(training_sets())}: their training splits, beside --real",
    )
    parser.add_argument("--no-synthetic", action="store_true", help="real hands only")
    parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="pictures to draw hands before")
    parser.add_argument(
        "--validate",
        nargs="+",
        type=data_set,
        default=(),
        metavar="NAME:DIR",
        help="judge by these, as `evaluate` names them, beside drawn and held-out hands",
    )
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights (.safetensors) to start from")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="a checkpoint.pt to go on from")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: out/train/NETWORK)")
    parser.add_argument(
        "--seed", type=whole(0), default=0, metavar="N", help="of everything drawn (default: 0)"
    )
    parser.add_argument(
        "--device", metavar="NAME", help="cpu, cuda, cuda:1 … (default: a GPU where there is one)"
    )
    parser.add_argument(
        "--threads", type=whole(1), default=1, metavar="N", help="of torch on the CPU (default: 1)"
    )
    parser.add_argument(
        "--drawers",
        type=whole(0),
        metavar="N",
        help="processes that draw hands; 0: a thread (default: on a GPU half the cores, up to 8; else 0)",
    )
    parser.add_argument(
        "--preview", type=Path, metavar="FILE.png", help="only draw a sheet of what is learnt from"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, or draw the preview. Raises UserError."""
    if arguments.preview is None and arguments.network is None:
        raise UserError("train: name a network of `main.py models`, or --preview FILE.png")
    from models.graphics import NoGraphics

    try:
        return _train(arguments) if arguments.preview is None else _preview(arguments)
    except (ValueError, NoGraphics) as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(
            f"{error.filename or 'a file'}: {error.strerror or error}; check --out and the folders"
        ) from error


def _measured(text: str) -> tuple[str, Path]:
    """NAME:DIR; `models.datasets.registry` says whether there is such a name."""
    name, colon, folder = text.partition(":")
    if not colon or not name or not folder:
        raise argparse.ArgumentTypeError(f"expected NAME:DIR, got {text!r}")
    return name, Path(folder)


def _train(arguments: argparse.Namespace) -> int:
    import torch

    from models.hand.hand_data import load_open_hand
    from models.networks.zoo import build, declared
    from models.training.sources import DataConfig, gather
    from models.training.trainer import train
    from models.weights import load_weights

    declared(arguments.network)
    config = _config(arguments)
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    hand = load_open_hand()
    network = build(config.network, hand, trained=False)
    if arguments.start is not None:
        load_weights(network, arguments.start)
    out = arguments.out or Path("out", "train", config.network)
    out.mkdir(parents=True, exist_ok=True)
    data = DataConfig(
        side_px=int(network.input_size),  # type: ignore[arg-type]
        seed=config.seed,
        synthetic=not arguments.no_synthetic,
        real=arguments.real,
        labels=arguments.labels or out / "real_labels.npz",
        measured=tuple(arguments.measured),
        backgrounds=arguments.backgrounds,
        validate=tuple(arguments.validate),
        device=config.device,
        render_workers=_render_workers(config) if arguments.drawers is None else arguments.drawers,
    )
    opened = gather(data, hand)
    with _interrupts() as interrupted:
        result = train(
            config,
            network,
            hand,
            opened.synthetic,
            opened.real,
            opened.validator,
            out,
            arguments.resume,
            lambda step: bool(interrupted),
            say,
        )
    if os.environ.get("RANK", "0") != "0":  # under torchrun one process speaks for all
        return 0
    done = result.position
    best = f", best validation {done.best_mm:.2f} mm" if done.best_mm < float("inf") else ""
    print(
        f"{result.weights}: {done.step} steps, {done.spent_s / 60:.1f} minutes, "
        f"{result.waited:.0%} of them waiting for samples{best}"
    )
    if arguments.json:
        print_json(
            {
                "weights": str(result.weights),
                "steps": done.step,
                "minutes": round(done.spent_s / 60, 2),
                "waited": round(result.waited, 4),
                "best_mm": round(done.best_mm, 3) if best else None,
            }
        )
    return 0


def _config(arguments: argparse.Namespace) -> TrainConfig:
    """The schedule, with what the command line says in its place."""
    from models.training.config import schedule_for, schedules
    from models.training.distributed import own_device

    known = schedules()
    name = arguments.schedule or schedule_for(arguments.network)
    if name not in known:
        raise UserError(f"--schedule: expected one of {', '.join(known)}, got {name!r}")
    changes: dict[str, Any] = {
        "network": arguments.network,
        "seed": arguments.seed,
        "threads": arguments.threads,
        "device": _device(arguments.device or own_device()),
    }
    if arguments.batch is not None:
        changes["batch"] = arguments.batch
    if arguments.minutes is not None or arguments.steps is not None:
        changes |= {"minutes": arguments.minutes, "steps": arguments.steps}
    return replace(known[name], **changes)


def _render_workers(config: TrainConfig) -> int:
    """On a CPU the network itself needs the cores."""
    return min(8, (os.cpu_count() or 1) // 2) if config.device != "cpu" else 0


def _device(name: str) -> str:
    import torch

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for CUDA
        raise UserError(f"--device {name}: not there; leave it out to take what there is") from error
    return name


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """A list that fills when the run is told to end (Ctrl-C, kill): it then ends after a step, saved."""
    told: list[int] = []

    def note(number: int, frame: object) -> None:
        if told:
            raise KeyboardInterrupt  # told twice: at once
        told.append(number)

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _preview(arguments: argparse.Namespace) -> int:
    from models.training.synthetic.sheet import preview

    prepare_output(arguments.preview, ".png")
    preview(arguments.preview, arguments.seed, arguments.real, arguments.backgrounds)
    print(arguments.preview)
    return 0
