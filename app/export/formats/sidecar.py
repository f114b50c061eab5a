"""The sidecar of a video: one JSON object a line, the first about the file, then one for each frame.

    {"palmistry": 1, "hand": "open", ...}
    {"frame": 0, "time_s": 0.0, "camera": {...}, "hands": [{"track", "side", "score", "joints_2d_px", ...}]}

Lines are written as they come, so what was recorded before a crash can be read; a last line that was cut off
is left out. Read back, it is as good as the video for exports and for `evaluate`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from app.errors import UserError
from app.export.entry import ExportFormat
from app.frame import FrameHands
from app.output import prepare_output, unwritable, write_whole
from models.types import Camera, HandMesh
from models.whole_file import draft_of

VERSION = 1
_MAX_LINE = 1 << 20  # two hands with vertices take 50 kB


def head() -> dict[str, Any]:
    """The first line of a sidecar or stream: what the others are."""
    return {"palmistry": VERSION, "hand": "open", "units": "metres, camera frame"}


def as_json(frame: FrameHands, mesh: bool = True) -> dict[str, Any]:
    """One frame as a JSON object: pixels to 0.01, metres to 0.01 mm. mesh: with the vertices."""
    return _as_object(frame, mesh, lambda points, digits: _rounded(points, digits).tolist())


def as_line(frame: FrameHands, mesh: bool = True) -> bytes:
    """`as_json` as one line of JSON, UTF-8."""
    return orjson.dumps(_as_object(frame, mesh, _rounded), option=orjson.OPT_SERIALIZE_NUMPY)


def _as_object(frame: FrameHands, mesh: bool, points: Callable[[np.ndarray, int], object]) -> dict[str, Any]:
    c = frame.camera
    return {
        "frame": frame.index,
        "time_s": round(frame.time_s, 6),
        "camera": {"fx": c.fx, "fy": c.fy, "cx": c.cx, "cy": c.cy, "width": c.width, "height": c.height},
        "hands": [
            {
                "track": hand.track_id,
                "side": hand.handedness,
                "score": round(float(hand.presence), 4),
                "joints_2d_px": points(hand.joints_2d_px, 2),
                "joints_3d_m": points(hand.joints_m, 5),
                **({"vertices_m": points(hand.vertices_m, 5)} if mesh else {}),
            }
            for hand in frame.hands
        ],
    }


def save_frame(path: Path, frame: FrameHands) -> None:
    """One frame's hands as NAME.json. Raises OutputError."""
    prepare_output(path, ".json")
    text = json.dumps({"palmistry": VERSION, **as_json(frame)}, indent=1)
    write_whole(path, text)


def _rounded(points: np.ndarray, digits: int) -> np.ndarray:
    return np.round(points.astype(np.float64), digits)


class SidecarWriter:
    """Writes NAME.jsonl beside a video, a line a frame."""

    def __init__(self, path: Path, in_place: bool = False) -> None:
        """in_place: under the final name at once, as a recording does, so that a crash loses nothing."""
        prepare_output(path, ".jsonl")
        self._path, self._partial = path, path if in_place else draft_of(path)
        try:
            self._file = self._partial.open("wb")
        except OSError as error:
            raise unwritable(path, error) from error
        self._write(orjson.dumps(head()))

    def add(self, frame: FrameHands) -> None:
        self._write(as_line(frame))

    def save(self) -> None:
        try:
            self._file.close()
            self._partial.replace(self._path)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def discard(self) -> None:
        with suppress(OSError):  # a full disk refuses what is still waiting to be written
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError as error:
            raise unwritable(self._path, error) from error


def read_sidecar(path: Path) -> Iterator[FrameHands]:
    """The frames of a sidecar. Raises UserError in one line where it is damaged or something else."""
    try:
        with path.open("rb") as file:
            if not _is_head(file.readline(_MAX_LINE)):
                raise UserError(f"{path} is not a sidecar of ours; give the .jsonl beside a recording")
            number = 1
            while line := file.readline(_MAX_LINE):
                number += 1
                if not line.endswith(b"\n"):
                    return  # cut off by a crash
                yield _frame(line, f"{path}, line {number}")
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror})") from error


def _is_head(line: bytes) -> bool:
    try:
        first = orjson.loads(line)
    except ValueError:
        return False
    return isinstance(first, dict) and first.get("palmistry") == VERSION


def _frame(line: bytes, where: str) -> FrameHands:
    try:
        value = orjson.loads(line)
        camera = Camera(**{k: value["camera"][k] for k in ("fx", "fy", "cx", "cy", "width", "height")})
        time_s = float(value["time_s"])
        hands = tuple(_hand(hand, time_s) for hand in value["hands"])
        return FrameHands(int(value["frame"]), time_s, camera, hands)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise UserError(f"{where}: damaged ({error}); delete the line or record again") from error


def _hand(value: dict[str, Any], time_s: float) -> HandMesh:
    def points(name: str) -> np.ndarray:
        return np.asarray(value[name], np.float32)

    joints_m, joints_px = points("joints_3d_m"), points("joints_2d_px")
    return HandMesh(
        value["side"],
        points("vertices_m"),
        joints_m,
        joints_px,
        float(value["score"]),
        int(value["track"]),
        time_s,
    )


FORMAT = ExportFormat(
    "hands", ".jsonl", "FILE.jsonl", "all there is, a line a frame", lambda path, options: SidecarWriter(path)
)
