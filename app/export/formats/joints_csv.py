"""The joints of a video as a table: a row for every hand in every frame."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from app.export.entry import ExportFormat
from app.export.joint_names import JOINT_NAMES
from app.frame import FrameHands
from app.output import prepare_output, write_whole


class JointsCsvWriter:
    """Columns: time_s, hand, side, x and y of each joint in pixels, x, y and z in metres (camera frame)."""

    def __init__(self, path: Path) -> None:
        prepare_output(path, ".csv")
        self._path = path
        self._rows: list[list[object]] = []

    def add(self, frame: FrameHands) -> None:
        for hand in frame.hands:
            pixels = (round(float(v), 2) for v in hand.joints_2d_px.ravel())
            metres = (round(float(v), 5) for v in hand.joints_m.ravel())
            self._rows.append([round(frame.time_s, 6), hand.track_id, hand.handedness, *pixels, *metres])

    def save(self) -> None:
        header = ["time_s", "hand", "side"]
        header += [f"{joint}_{axis}_px" for joint in JOINT_NAMES for axis in "xy"]
        header += [f"{joint}_{axis}_m" for joint in JOINT_NAMES for axis in "xyz"]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *self._rows])
        write_whole(self._path, text.getvalue())

    def discard(self) -> None:
        self._rows.clear()


FORMAT = ExportFormat(
    "joints",
    ".csv",
    "FILE.csv",
    "a row for every hand in every frame",
    lambda path, options: JointsCsvWriter(path),
)
