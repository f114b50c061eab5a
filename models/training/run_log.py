"""A run's curves, as CSV and for TensorBoard."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from tensorboardX import SummaryWriter


class RunLog:
    """Writes train.csv and validation.csv in a folder, a line at a time; a resumed run goes on in them.

    `tensorboard --logdir FOLDER` shows the same.
    """

    def __init__(self, folder: Path) -> None:
        """Raises OSError where the folder can't be written."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._board = SummaryWriter(str(folder / "tensorboard"))

    def write(self, table: str, step: int, values: Mapping[str, float]) -> None:
        """One line of `table`.csv. Its columns are those of its first line."""
        path = self._folder / f"{table}.csv"
        row = {"step": str(step)} | {name: f"{value:.6g}" for name, value in values.items()}
        known: list[str] | None = None
        if path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                known = next(csv.reader(file), None)
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, known or list(row), restval="", extrasaction="ignore")
            if known is None:
                writer.writeheader()
            writer.writerow(row)
        for name, value in values.items():
            self._board.add_scalar(f"{table}/{name}", value, step)

    def close(self) -> None:
        """Flush."""
        self._board.close()
