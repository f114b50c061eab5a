"""Parts of a run that were made apart, on other machines or days, as files of arrays; and put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from models.datasets.samples import Prediction, Sample, SampleSet
from models.evaluation.benchmark import Run, Silhouette
from models.whole_file import whole_file

T = TypeVar("T")
Arrays = dict[str, np.ndarray]

_TUPLES = ("intrinsics", "box")  # fields that are tuples of numbers
_LEFT_OUT = ("image", "mask", "parts")  # of a sample: what a run doesn't keep either


def part_of(samples: SampleSet, start: int, stop: int) -> SampleSet:
    """The stills from `start` up to `stop`, as a set."""
    get, between = samples.get, samples.between

    def read():  # type: ignore[no-untyped-def]
        if get is not None:
            return (get(k) for k in range(start, stop))
        return between(start, stop) if between is not None else islice(samples.read(), start, stop)

    return replace(samples, count=stop - start, read=read, get=None, between=None)


def save_part(run: Run, path: Path) -> None:
    """Write what was answered to some samples, and their truth. Raises OSError."""
    arrays = _packed("truth", [replace(t, image=Path(t.name)) for t in run.truths])
    for number, name in enumerate(run.answers):
        arrays |= _packed(f"answer{number}", run.answers[name])
        arrays |= _packed(f"silhouette{number}", run.silhouettes[name])
    arrays["models"] = np.array(list(run.answers), np.str_)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, shared=True) as draft, draft.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def joined(samples: SampleSet, paths: Sequence[Path]) -> Run:
    """The run of a whole set from the files of its parts, in their order. Raises ValueError."""
    whole = Run(samples, [], {}, {})
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            names = [str(name) for name in arrays["models"]]
            whole.truths.extend(t for t in _unpacked(Sample, "truth", arrays) if t is not None)
            for number, name in enumerate(names):
                answers = _unpacked(Prediction, f"answer{number}", arrays)
                whole.answers.setdefault(name, []).extend(answers)
                drawn = _unpacked(Silhouette, f"silhouette{number}", arrays)
                whole.silhouettes.setdefault(name, []).extend(drawn)
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise ValueError(f"{path} is damaged ({error}); delete it and evaluate again") from error
    if any(len(answers) != len(whole.truths) for answers in whole.answers.values()):
        raise ValueError(f"{paths[0].parent} holds parts of different evaluations; delete it")
    return whole


def _packed(prefix: str, values: Sequence[Any]) -> Arrays:
    """One array for each field, of the values that have it; and which these are."""
    arrays = {f"{prefix}.known": np.array([value is not None for value in values], bool)}
    there = [value for value in values if value is not None]
    for field in fields(there[0]) if there else ():
        if field.name in _LEFT_OUT:
            continue
        column = [getattr(value, field.name) for value in there]
        arrays[f"{prefix}.{field.name}.known"] = np.array([v is not None for v in column], bool)
        arrays[f"{prefix}.{field.name}"] = np.array([v for v in column if v is not None])
    return arrays


def _unpacked(kind: type[T], prefix: str, arrays: Arrays) -> list[T | None]:
    """The values that `_packed` has laid down."""
    known = arrays[f"{prefix}.known"]
    rows: list[dict[str, Any]] = [{} for _ in range(int(known.sum()))]
    for field in fields(kind) if rows else ():  # type: ignore[arg-type]
        if field.name in _LEFT_OUT:
            continue
        column = iter(arrays[f"{prefix}.{field.name}"])
        for row, has in zip(rows, arrays[f"{prefix}.{field.name}.known"], strict=True):
            if has:
                row[field.name] = _plain(field.name, next(column))
            elif field.default is MISSING:
                row[field.name] = None
    if kind is Sample:
        for row in rows:
            row["image"] = Path(row["name"])
    made = iter([kind(**row) for row in rows])
    return [next(made) if there else None for there in known]


def _plain(name: str, value: Any) -> Any:
    if name in _TUPLES:
        return tuple(float(v) for v in value)
    return value if value.ndim else value.item()
