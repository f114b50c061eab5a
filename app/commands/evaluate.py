"""`evaluate --data NAME:FOLDER…`: how near each model comes to the truth, beside MediaPipe."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from app.commands.evaluate_found import EMPTY, PREFIX, found_in, found_report
from app.commands.numbers import whole
from app.commands.options import add_json, print_json, say
from app.commands.progress import ProgressBar
from app.errors import UserError
from app.export.formats.sidecar import read_sidecar
from app.offline.video import Progress
from models.datasets.registry import data_sets, read_set
from models.datasets.samples import SampleSet
from models.evaluation.benchmark import Run, run
from models.evaluation.figures import curves, figures, judged_rows
from models.evaluation.found import found_markdown
from models.evaluation.predictors import MEDIAPIPE, NAMES, Predictor, make_predictor
from models.evaluation.replay import Replay
from models.evaluation.report import can_submit, markdown, plot_pck, write_submission
from models.tracking.pipeline import DEFAULT_MODEL, MODELS


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("evaluate", help="errors on benchmarks and real validation sets")
    parser.add_argument(
        "--data",
        required=True,
        nargs="+",
        type=_judged,
        metavar="NAME:FOLDER",
        help=_data_help(),
    )
    parser.add_argument(
        "--model",
        type=_models,
        default=(DEFAULT_MODEL, MEDIAPIPE),
        metavar="NAME,…",
        help=f"any of {', '.join(MODELS)} (default: {DEFAULT_MODEL}); {MEDIAPIPE} is always beside them",
    )
    parser.add_argument(
        "--sidecar",
        type=Path,
        nargs="+",
        default=(),
        metavar="FILE.jsonl",
        help="recorded hands of a video set (process --hands), judged as models of their own",
    )
    parser.add_argument("--every", type=whole(1), default=1, metavar="N", help="only every Nth sample")
    parser.add_argument("--out", type=Path, metavar="DIR", help="report.json, report.md, plots, submissions")
    add_json(parser)
    parser.set_defaults(run=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Evaluate and print; with --out also write. Raises UserError."""
    sets: dict[str, SampleSet] = {}
    searched = {name: folder for name, folder in arguments.data if name.startswith(PREFIX)}
    for name, folder in arguments.data:
        if name in sets or (name in searched and searched[name] != folder):
            raise UserError(f"--data: {name} is given twice; give each data set once")
        if name not in searched:
            sets[name] = _set(name, folder, arguments.every)
    recorded = [Replay((m.time_s, m.hands) for m in read_sidecar(path)) for path in arguments.sidecar]
    replays = dict(zip((path.stem for path in arguments.sidecar), recorded, strict=True))
    if len(replays) < len(recorded) or set(replays) & set(NAMES):
        raise UserError("--sidecar: name each file differently, and not as a model")
    if arguments.out is not None:
        _make_folder(arguments.out)
    report: dict[str, Any] = {}
    found = {
        name: found_report(name.removeprefix(PREFIX), folder, arguments.every, arguments.model)
        for name, folder in searched.items()
    }
    for name in [name for name, samples in sets.items() if samples.only_boxes]:
        found[name] = found_in(sets.pop(name), arguments.model)
    for name, samples in sets.items():
        result = _run(samples, arguments.model, replays)
        report[name] = {
            "samples": len(result.truths),
            "judged": len(judged_rows(result)),
            "models": figures(result),
        }
        if arguments.out is not None:
            _write_run(result, arguments.out)
    blocks = [found_markdown(name, entry["samples"], entry["models"]) for name, entry in found.items()]
    text = "\n".join([*([markdown(report)] if report else []), *blocks])
    report |= found
    print(text, end="")
    if arguments.out is not None:
        _write(arguments.out / "report.json", json.dumps({"data": report}, indent=1) + "\n")
        _write(arguments.out / "report.md", text)
    if arguments.json:
        print_json({"data": report})
    return 0


def _set(name: str, folder: Path, every: int) -> SampleSet:
    try:
        return read_set(name, folder, every)
    except ValueError as error:
        raise UserError(str(error)) from error


def _run(samples: SampleSet, models: Sequence[str], replays: Mapping[str, Predictor]) -> Run:
    """Every model and recording on the same samples, with a progress bar."""
    bar, started_s = ProgressBar(), time.perf_counter()

    def show(done: int) -> None:
        bar(Progress(done, samples.count, done / (time.perf_counter() - started_s)))

    with ExitStack() as stack:
        predictors = {name: stack.enter_context(closing(make_predictor(name))) for name in models}
        predictors |= replays
        try:
            return run(samples, predictors, show)
        except ValueError as error:
            raise UserError(f"{samples.name}: {error}") from error
        finally:
            bar.end()


def _write_run(result: Run, folder: Path) -> None:
    """The plots of one set, and what its authors' server takes, where it has one."""
    name, plots = result.samples.name, curves(result)
    try:
        if data_sets()[name].submission:
            for model, answers in result.answers.items():
                if can_submit(answers):
                    write_submission(result, model, folder / f"{name}-{model}.zip")
        if plots:
            plot_pck(plots, name, folder / f"pck-{name}.png")
    except ModuleNotFoundError:
        say("no plots: matplotlib is not installed")
    except OSError as error:
        raise UserError(f"{folder} can't be written ({error.strerror}); free some space") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "report.json").open("ab"):
            pass
    except OSError as error:
        raise UserError(
            f"--out {folder}: can't be written ({error.strerror}); give a folder you may write to"
        ) from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} can't be written ({error.strerror}); free some space") from error


def _data_help() -> str:
    known = data_sets()
    others = [f"{name} takes {entry.takes}" for name, entry in known.items() if entry.takes != "FOLDER"]
    found = f"{PREFIX}NAME:FOLDER: are hands found; {PREFIX}{EMPTY}:FOLDER: false alarms in pictures without"
    return "; ".join([f"your copy of a data set; NAME one of {', '.join(known)}", *others, found])


def _judged(text: str) -> tuple[str, Path]:
    """NAME:FOLDER, or found:NAME:FOLDER, whose name keeps that prefix. Raises ArgumentTypeError."""
    if not text.startswith(PREFIX):
        return data_set(text)
    name, _, folder = text.removeprefix(PREFIX).partition(":")
    if name == EMPTY and folder:
        return PREFIX + name, Path(folder)
    name, path = data_set(text.removeprefix(PREFIX))
    return PREFIX + name, path


def data_set(text: str) -> tuple[str, Path]:
    """NAME:FOLDER of a data set. Raises ArgumentTypeError."""
    name, colon, folder = text.partition(":")
    known = data_sets()
    if name not in known or not colon or not folder:
        raise argparse.ArgumentTypeError(
            f"expected NAME:FOLDER, NAME one of {', '.join(known)}, got {text!r}"
        )
    return name, Path(folder)


def _models(text: str) -> tuple[str, ...]:
    """The names once each, MediaPipe the last."""
    names = [name for name in dict.fromkeys(text.split(",")) if name and name != MEDIAPIPE]
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no model {', '.join(unknown)}; choose from {', '.join(NAMES)}")
    return (*names, MEDIAPIPE)
