"""`evaluate --data NAME:FOLDER…`: how near each model comes to the truth, beside MediaPipe."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from app.commands.evaluate_found import EMPTY, PREFIX
from app.commands.evaluate_parts import Asked, Plan, by_ray, by_shard, judge
from app.commands.numbers import whole
from app.commands.options import add_json, print_json, say
from app.commands.process_ray import add_ray, add_shard
from app.commands.progress import SampleBar
from app.errors import UserError
from models.datasets.registry import data_sets
from models.evaluation.benchmark import Run
from models.evaluation.figures import curves, figures, judged_rows
from models.evaluation.found import found_markdown
from models.evaluation.predictors import MEDIAPIPE, NAMES, make_predictor
from models.evaluation.report import can_submit, markdown, plot_pck, write_submission
from models.inference.engines import ENGINES
from models.inference.runtime import fix_engine, ranges_of
from models.tracking.pipeline import DEFAULT_MODEL, MODELS
from models.weights import shipped_networks

Judged = tuple[dict[str, Run], dict[str, Any]]
"""Runs by set, and by set what was found."""


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
    parser.add_argument("--engine", choices=ENGINES, help="runs the networks (default: the fastest here)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="report.json, report.md, plots, submissions")
    add_shard(parser, "only every Nth part of the data from the Kth on, into --out: for N machines")
    add_ray(parser)
    add_json(parser)
    parser.set_defaults(run=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Evaluate and print; with --out also write. Raises UserError."""
    if arguments.engine is not None:
        if arguments.ray is not None:
            raise UserError(
                "--engine: a cluster's machines all run openvino; leave one of --engine, --ray out"
            )
        networks = set(shipped_networks()) if arguments.engine == "openvino-int8" else set()
        for name in arguments.model:
            if name in networks and ranges_of(name) is None:
                raise UserError(f"--engine: {name} doesn't run in bytes; leave it out, or take openvino")
        fix_engine(arguments.engine)
    asked = Asked(
        tuple(arguments.data),
        tuple(arguments.model),
        tuple(arguments.sidecar),
        arguments.every,
        arguments.out,
    )
    if arguments.ray is not None or arguments.shard is not None:
        if arguments.ray is not None and arguments.shard is not None:
            raise UserError("--ray does what --shard does; leave one of them out")
        judged = _in_parts(Plan(asked), arguments)
        if judged is None:
            return 0
    else:
        judged = _here(asked)
    runs, found = judged
    if arguments.out is not None:
        for result in runs.values():
            _write_run(result, arguments.out)
    _report(runs, found, arguments)
    return 0


def _in_parts(plan: Plan, arguments: argparse.Namespace) -> Judged | None:
    """All of it, or None where other shards have not done their parts yet."""
    _make_folder(arguments.out)
    if arguments.shard is not None:
        by_shard(plan, arguments.shard)
    else:
        by_ray(plan, arguments.ray, arguments.ray_cores)
    judged = plan.collected()
    if judged is None:
        missing = sum(not part.file.exists() for part in plan.parts)
        print(f"{missing} of {len(plan.parts)} parts are missing yet; whoever does the last one reports")
    return judged


def _here(asked: Asked) -> Judged:
    """All of it, by this process."""
    sets, replays = asked.read(), asked.replays()
    if asked.out is not None:
        _make_folder(asked.out)
    found = {name: asked.judge_found(name, None) for name, _ in asked.searched}
    for name in [name for name, samples in sets.items() if samples.only_boxes]:
        found[name] = asked.judge_found(name, sets.pop(name))
    runs = {}
    for name, samples in sets.items():
        bar = SampleBar(samples.count)
        with ExitStack() as stack:
            stack.callback(bar.end)
            models = {m: stack.enter_context(closing(make_predictor(m))) for m in asked.models}
            runs[name] = judge(samples, models | replays, bar)
    return runs, found


def _report(runs: Mapping[str, Run], found: Mapping[str, Any], arguments: argparse.Namespace) -> None:
    report: dict[str, Any] = {
        name: {
            "samples": len(result.truths),
            "judged": len(judged_rows(result)),
            "models": figures(result),
        }
        for name, result in runs.items()
    }
    blocks = [found_markdown(name, entry["samples"], entry["models"]) for name, entry in found.items()]
    text = "\n".join([*([markdown(report)] if report else []), *blocks])
    report |= found
    print(text, end="")
    if arguments.out is not None:
        _write(arguments.out / "report.json", json.dumps({"data": report}, indent=1) + "\n")
        _write(arguments.out / "report.md", text)
    if arguments.json:
        print_json({"data": report})


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
