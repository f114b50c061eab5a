"""`predict IMAGE… --out FILE.json`: one record per image."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from app.capture import check_file, read_image
from app.commands.options import (
    Intrinsics,
    add_camera,
    add_json,
    add_model,
    camera_settings,
    checked_intrinsics,
    print_json,
)
from app.errors import UserError
from app.output import prepare_output, unwritable
from app.session import Settings
from models.tracking.pipeline import DEFAULT_MODEL, Pipeline, PipelineConfig
from models.types import Camera, Handedness, HandMesh
from models.whole_file import whole_file

_CROPS = ("auto", "full")
_SIDES = ("auto", "right", "left")


@dataclass(frozen=True)
class _Task:
    name: str  # as the user wrote it
    path: Path
    crop: str  # of _CROPS
    handedness: Handedness | Literal["auto"]
    intrinsics: Intrinsics | None


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("predict", help="hands in images, as JSON")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="images, or a FILE.jsonl that lists them")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.json")
    parser.add_argument("--crop", choices=_CROPS, default="auto", help="full: the image is one hand's crop")
    parser.add_argument("--side", choices=_SIDES, default="auto", help="which hand it is")
    parser.add_argument("--vertices", action="store_true", help="also the 778 vertices")
    add_model(parser)
    add_camera(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write one record per image; the file appears whole or not at all. Raises UserError."""
    base = _Task("", Path(), arguments.crop, arguments.side, arguments.intrinsics)
    tasks = [task for image in arguments.images for task in _tasks(image, base)]
    if not tasks:
        raise UserError(f"{', '.join(arguments.images)} lists no image; give at least one")
    for task in tasks:  # a wrong path among thousands is said before any work is done
        check_file(task.path)
    prepare_output(arguments.out, ".json")
    settings = camera_settings(arguments, Settings())
    started_s, hands = time.perf_counter(), 0
    try:
        with (
            whole_file(arguments.out) as draft,
            draft.open("w") as file,
            closing(_Predictor(arguments.model or DEFAULT_MODEL, settings)) as predictor,
        ):
            for index, task in enumerate(tasks):
                camera, found = predictor(task)
                hands += len(found)
                record = {
                    "image": task.name,
                    "intrinsics": [camera.fx, camera.fy, camera.cx, camera.cy],
                    "hands": [_record(hand, arguments.vertices) for hand in found],
                }
                file.write(("[" if index == 0 else ",\n") + json.dumps(record))
            file.write("]\n")
    except OSError as error:
        raise unwritable(arguments.out, error) from error
    per_s = len(tasks) / (time.perf_counter() - started_s)
    print(f"{arguments.out}: {hands} hands in {len(tasks)} images, {per_s:.1f} images/s")
    if arguments.json:
        print_json({"images": len(tasks), "hands": hands, "images_per_s": round(per_s, 2)})
    return 0


class _Predictor:
    """One pipeline for each side that is asked for, without smoothing: images have no past."""

    def __init__(self, model: str, settings: Settings) -> None:
        self._config = PipelineConfig(model, smoothing=None)
        self._settings = settings
        self._pipelines: dict[Handedness | None, Pipeline] = {}
        self._close = ExitStack()

    def __call__(self, task: _Task) -> tuple[Camera, Sequence[HandMesh]]:
        """The camera taken for the image, and the hands in its frame."""
        image_rgb = read_image(task.path)
        height, width = image_rgb.shape[:2]
        camera = (
            self._settings.camera(width, height)
            if task.intrinsics is None
            else Camera(*task.intrinsics, width=width, height=height)
        )
        pipeline = self._pipeline(None if task.handedness == "auto" else task.handedness)
        pipeline.reset()
        if task.crop == "full":
            return camera, [pipeline.predict_crop(image_rgb, camera, task.handedness)]
        return camera, pipeline.process(image_rgb, 0.0, camera).hands

    def close(self) -> None:
        """Release the pipelines."""
        self._close.close()

    def _pipeline(self, handedness: Handedness | None) -> Pipeline:
        if handedness not in self._pipelines:
            config = replace(self._config, handedness_lock=handedness)
            self._pipelines[handedness] = self._close.enter_context(closing(Pipeline(config)))
        return self._pipelines[handedness]


def _record(hand: HandMesh, with_vertices: bool) -> dict[str, Any]:
    record: dict[str, Any] = {
        "side": hand.handedness,
        "score": round(float(hand.presence), 4),
        "joints_2d_px": _rounded(hand.joints_2d_px, 3),
        "joints_3d_m": _rounded(hand.joints_m, 6),
        "root_m": _rounded(hand.root_m, 6),
    }
    if with_vertices:
        record["vertices_m"] = _rounded(hand.vertices_m, 6)
    return record


def _rounded(values: np.ndarray, digits: int) -> list[Any]:
    return np.round(values.astype(np.float64), digits).tolist()


def _tasks(name: str, base: _Task) -> Iterator[_Task]:
    """The image itself, or what a FILE.jsonl lists. Raises UserError naming the line that is wrong."""
    path = Path(name)
    if path.suffix.lower() != ".jsonl":
        yield replace(base, name=name, path=path)
        return
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise UserError(f"{name} can't be read ({reason}); check the path") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _task_from_line(line, path.parent, base)
            except (ValueError, RecursionError, argparse.ArgumentTypeError) as error:
                raise UserError(
                    f"{name} line {number}: {error}; expected an object with image and, where known, "
                    "intrinsics, side, crop"
                ) from error


def _task_from_line(line: str, folder: Path, base: _Task) -> _Task:
    entry = json.loads(line)
    if not isinstance(entry, dict):
        raise ValueError(f"got {type(entry).__name__}")
    name = entry.get("image")
    if not isinstance(name, str) or not name:
        raise ValueError("no image, or one that is not a path")
    intrinsics, numbers = base.intrinsics, entry.get("intrinsics")
    if numbers is not None:
        if not (
            isinstance(numbers, list) and len(numbers) == 4 and all(type(n) in (int, float) for n in numbers)
        ):
            raise ValueError("intrinsics must be four numbers [fx, fy, cx, cy]")
        fx, fy, cx, cy = (float(n) if abs(n) < 1e300 else np.inf for n in numbers)  # an int may be any size
        intrinsics = checked_intrinsics((fx, fy, cx, cy))
    handedness, crop = entry.get("side"), entry.get("crop")
    handedness, crop = (
        base.handedness if handedness is None else handedness,
        base.crop if crop is None else crop,
    )
    if handedness not in _SIDES or crop not in _CROPS:
        raise ValueError(f"side must be one of {', '.join(_SIDES)} and crop one of {', '.join(_CROPS)}")
    return _Task(name, _beside(folder, name), crop, handedness, intrinsics)


def _beside(folder: Path, name: str) -> Path:
    """An image named in a list: where the name says, or else beside the list."""
    try:
        return Path(name) if Path(name).exists() else folder / name
    except OSError:  # a name no file can have: said so when it is read
        return Path(name)
