"""`evaluate --ray` and `--shard`: an evaluation in parts, each a file in the folder that all machines share.

Stills are parted by their number, a video is one part. A part that is there is left alone, so it can be
stopped and gone on with; whoever finds all parts there writes the report.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from app.commands.evaluate_found import PREFIX, found_in, found_report
from app.commands.options import say
from app.errors import UserError
from app.export.formats.sidecar import read_sidecar
from app.offline.batch import shard_of
from app.offline.cluster import cluster, run_all
from app.output import write_whole
from models.datasets.registry import read_set
from models.datasets.samples import SampleSet
from models.evaluation.benchmark import Run, run
from models.evaluation.parts import joined, part_of, save_part
from models.evaluation.predictors import NAMES, Predictor, make_predictor
from models.evaluation.replay import Replay
from models.manifest import ASSETS

STILLS = 64  # of a part: seconds of work, against the time that loading the models takes


@dataclass(frozen=True)
class Asked:
    """What is to be evaluated."""

    data: tuple[tuple[str, Path], ...]  # sets and folders, as `--data` names them
    models: tuple[str, ...]
    sidecars: tuple[Path, ...]
    every: int
    out: Path | None = None  # where the report goes, and the parts below it

    def read(self) -> dict[str, SampleSet]:
        """The sets whose joints are judged, or that have only boxes. Raises UserError."""
        sets: dict[str, SampleSet] = {}
        searched = dict(self.searched)
        for name, folder in self.data:
            if name in sets or (name in searched and searched[name] != folder):
                raise UserError(f"--data: {name} is given twice; give each data set once")
            if name not in searched:
                try:
                    sets[name] = read_set(name, folder, self.every)
                except ValueError as error:
                    raise UserError(str(error)) from error
        return sets

    @property
    def searched(self) -> tuple[tuple[str, Path], ...]:
        """The sets in which hands are to be found, no more."""
        return tuple((name, folder) for name, folder in self.data if name.startswith(PREFIX))

    def replays(self) -> dict[str, Predictor]:
        """The sidecars as models. Raises UserError."""
        recorded = [Replay((m.time_s, m.hands) for m in read_sidecar(path)) for path in self.sidecars]
        replays: dict[str, Predictor] = dict(zip((p.stem for p in self.sidecars), recorded, strict=True))
        if len(replays) < len(recorded) or set(replays) & set(NAMES):
            raise UserError("--sidecar: name each file differently, and not as a model")
        return replays

    def judge_found(self, name: str, samples: SampleSet | None) -> dict[str, Any]:
        """Whether the hands of one set are found. Raises UserError."""
        if samples is not None:
            return found_in(samples, self.models)
        return found_report(
            name.removeprefix(PREFIX), dict(self.searched)[name], self.every, list(self.models)
        )

    @contextmanager
    def predictors(self) -> Iterator[dict[str, Predictor]]:
        """The models and recordings, freed at the end. Raises UserError."""
        with ExitStack() as stack:
            made = {name: stack.enter_context(closing(make_predictor(name))) for name in self.models}
            yield made | self.replays()


def judge(
    samples: SampleSet, predictors: Mapping[str, Predictor], show: Callable[[int], None] = lambda done: None
) -> Run:
    """Every model on the same samples. Raises UserError."""
    try:
        return run(samples, predictors, show)
    except ValueError as error:
        raise UserError(f"{samples.name}: {error}") from error


@dataclass(frozen=True)
class Part:
    """Some samples of a set, and the file of what was answered to them."""

    name: str  # of the set
    start: int
    stop: int
    file: Path  # .npz of a run; .json where hands are found, no more


class Plan:
    """An evaluation and its parts, the same on every machine."""

    def __init__(self, asked: Asked) -> None:
        """Raises UserError, also where the folder has parts of another evaluation."""
        if asked.out is None:
            raise UserError("--ray and --shard need --out DIR, a folder that all machines see")
        self.asked = asked
        self._folder = asked.out / "parts"
        self._check_same()

    @cached_property
    def sets(self) -> dict[str, SampleSet]:
        """Those of `Asked.read`."""
        return self.asked.read()

    @cached_property
    def parts(self) -> list[Part]:
        """All of them, in order."""
        whole = [(name, 0, 0, ".json") for name, _ in self.asked.searched]
        for name, samples in self.sets.items():
            if samples.only_boxes:
                whole.append((name, 0, samples.count, ".json"))
            elif samples.fps is not None:
                whole.append((name, 0, samples.count, ".npz"))
            else:
                starts = range(0, samples.count, STILLS)
                whole += [(name, k, min(k + STILLS, samples.count), ".npz") for k in starts]
        return [
            Part(name, start, stop, self._folder / f"{name.replace(':', '-')}-{start:06d}{end}")
            for name, start, stop, end in whole
        ]

    def do(self, part: Part, predictors: Mapping[str, Predictor]) -> None:
        """One part. Raises UserError."""
        if part.file.suffix == ".json":
            found = self.asked.judge_found(part.name, self.sets.get(part.name))
            write_whole(part.file, json.dumps(found))
            return
        samples = self.sets[part.name]
        if samples.fps is not None:  # a video's models remember: they begin with it
            with self.asked.predictors() as fresh:
                save_part(judge(samples, fresh), part.file)
        else:
            save_part(judge(part_of(samples, part.start, part.stop), predictors), part.file)

    def collected(self) -> tuple[dict[str, Run], dict[str, Any]] | None:
        """Runs and found hands by set; None while a part is missing. Raises UserError."""
        if not all(part.file.exists() for part in self.parts):
            return None
        runs, found = dict[str, Run](), dict[str, Any]()
        try:
            for part in self.parts:
                if part.file.suffix == ".json":
                    found[part.name] = json.loads(part.file.read_text("utf-8"))
                elif part.name not in runs:
                    files = [other.file for other in self.parts if other.name == part.name]
                    runs[part.name] = joined(self.sets[part.name], files)
        except (OSError, ValueError) as error:
            raise UserError(str(error)) from error
        return runs, found

    def _check_same(self) -> None:
        a = self.asked
        try:
            weights = hashlib.sha256((ASSETS / "manifest.json").read_bytes()).hexdigest()
            data = [[name, str(folder.resolve())] for name, folder in a.data]
            mine = json.dumps([data, a.models, [str(p.resolve()) for p in a.sidecars], a.every, weights])
            self._folder.mkdir(parents=True, exist_ok=True)
            about = self._folder / "evaluation.json"
            if not about.exists():
                write_whole(about, mine)
            if about.read_text("utf-8") != mine:
                raise UserError(
                    f"{self._folder} is of another evaluation; delete it, or choose another --out"
                )
        except OSError as error:
            raise UserError(
                f"{self._folder} can't be used ({error.strerror}); choose another --out"
            ) from error


def by_shard(plan: Plan, shard: tuple[int, int]) -> None:
    """One machine's parts. Raises UserError."""
    mine = [part for part in shard_of(plan.parts, shard) if not part.file.exists()]
    with plan.asked.predictors() as predictors:
        for number, part in enumerate(mine, 1):
            say(f"part {number} of {len(mine)}: {part.name} {part.start} to {part.stop}")
            plan.do(part, predictors)


def by_ray(plan: Plan, address: str, cores: int) -> None:
    """All parts on a cluster. Raises UserError."""
    waiting = [part for part in plan.parts if not part.file.exists()]
    done, faults = len(plan.parts) - len(waiting), list[str]()
    if not waiting:
        return

    def on_done(number: int, said: str | None, fault: str) -> None:
        nonlocal done
        done += 1
        part, wrong = waiting[number], said or fault
        if wrong:
            faults.append(wrong)
        say(f"{done}/{len(plan.parts)} {part.name} {part.start} to {part.stop}{': ' * bool(wrong)}{wrong}")

    with cluster(address, cores) as ray:
        run_all(ray, do_one, [(plan.asked, part) for part in waiting], cores, on_done)
    if faults:
        raise UserError(f"{len(faults)} of {len(plan.parts)} parts failed ({faults[0]}); the others are kept")


_here: tuple[Asked, Plan, Any, dict[str, Predictor]] | None = None  # a worker's, from task to task


def do_one(task: tuple[Asked, Part]) -> str:
    """One part, on a worker; what was wrong, if anything."""
    global _here
    asked, part = task
    try:
        if _here is None or _here[0] != asked:
            predictors = asked.predictors()
            _here = asked, Plan(asked), predictors, predictors.__enter__()
        _here[1].do(part, _here[3])
    except UserError as error:
        return str(error)
    return ""
