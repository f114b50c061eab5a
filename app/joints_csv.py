"""The joints of a video as a table: a row for every hand in every frame."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from app.recorder import RecordingError
from models.types import HandMesh

JOINT_NAMES = (
    "wrist",
    *(f"thumb_{part}" for part in ("cmc", "mcp", "ip", "tip")),
    *(
        f"{finger}_{part}"
        for finger in ("index", "middle", "ring", "little")
        for part in ("mcp", "pip", "dip", "tip")
    ),
)


class JointsTable:
    """Collects rows and writes them at the end, whole or not at all."""

    def __init__(self) -> None:
        self._rows: list[list[object]] = []

    def add(self, time_s: float, hands: Sequence[HandMesh]) -> None:
        """A row for every hand of the frame at `time_s`, seconds since the first frame."""
        for hand in hands:
            pixels = (round(float(v), 2) for v in hand.joints_2d_px.ravel())
            metres = (round(float(v), 5) for v in hand.joints_m.ravel())
            self._rows.append([round(time_s, 6), hand.track_id, hand.side, *pixels, *metres])

    def save(self, path: Path) -> None:
        """Write all rows under a header. Raises RecordingError."""
        header = ["time_s", "hand", "side"]
        header += [f"{joint}_{axis}_px" for joint in JOINT_NAMES for axis in "xy"]
        header += [f"{joint}_{axis}_m" for joint in JOINT_NAMES for axis in "xyz"]
        partial = path.with_name(f"{path.stem}.partial.csv")
        try:
            with partial.open("w", newline="") as file:
                csv.writer(file).writerows([header, *self._rows])
            partial.replace(path)
        except OSError as error:
            raise RecordingError(f"{path} can't be written ({error.strerror}); free some space") from error
