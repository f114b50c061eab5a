"""`process --ray`: the videos of a folder or list on a Ray cluster, a task a video."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from app.commands.numbers import whole
from app.commands.options import say
from app.commands.writing import write_video
from app.errors import UserError
from app.offline.batch import Job, Outcome, parse_shard
from app.offline.cluster import check_address, cluster, run_all
from app.session import Settings

Task = tuple[Job, Settings, bool]
"""A video, what to draw on it, and whether mirrored."""


def add_shard(parser: argparse.ArgumentParser, help: str) -> None:
    """--shard."""
    parser.add_argument("--shard", type=_shard, metavar="K/N", help=help)


def add_ray(parser: argparse.ArgumentParser) -> None:
    """--ray, --ray-cores."""
    parser.add_argument(
        "--ray",
        type=_address,
        metavar="ADDRESS",
        help="on a Ray cluster: local (this machine), auto, HOST:PORT or ray://HOST:PORT (docs/many.md)",
    )
    parser.add_argument(
        "--ray-cores",
        type=whole(1),
        default=2,
        metavar="N",
        help="cores a task takes there (2)",
    )


def run_jobs(
    address: str, cores: int, jobs: Sequence[Job], settings: Settings, mirror: bool
) -> tuple[list[Outcome], float]:
    """What became of each, in their order, and the seconds that it took. Raises UserError."""
    outcomes = {index: Outcome(job) for index, job in enumerate(jobs) if job.done}
    waiting = [index for index in range(len(jobs)) if index not in outcomes]
    started_s = time.perf_counter()

    def on_done(number: int, outcome: Outcome | None, fault: str) -> None:
        index = waiting[number]
        outcomes[index] = outcome or Outcome(jobs[index], error=fault)
        if fault:
            jobs[index].clear_drafts()  # its worker could not
        say(f"{len(outcomes)}/{len(jobs)} {_line(outcomes[index])}")

    if waiting:
        with cluster(address, cores) as ray:
            started_s = time.perf_counter()
            try:
                tasks = [(jobs[index], settings, mirror) for index in waiting]
                run_all(ray, process_one, tasks, cores, on_done)
            except BaseException:
                ray.shutdown()  # then no worker writes any more
                for index in waiting:
                    if index not in outcomes:
                        jobs[index].clear_drafts()
                raise
    return [outcomes[index] for index in range(len(jobs))], time.perf_counter() - started_s


def process_one(task: Task) -> Outcome:
    """One video, on a worker."""
    job, settings, mirror = task
    try:
        job.clear_former()
        return Outcome(job, write_video(str(job.source), job.out, settings, job.exports, mirror))
    except UserError as error:
        return Outcome(job, error=str(error))


def _line(outcome: Outcome) -> str:
    if outcome.report is None:
        return f"{outcome.job.source}: {outcome.error}"
    notes = "".join(f"; {note}" for note in outcome.report.notes)
    return f"{outcome.job.source}: {outcome.report.frames} frames, {outcome.report.fps:.1f} frames/s{notes}"


def _shard(text: str) -> tuple[int, int]:
    try:
        return parse_shard(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _address(text: str) -> str:
    try:
        return check_address(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("--ray: ")) from error
