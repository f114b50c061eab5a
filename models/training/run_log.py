"""A run's curves: CSV always, TensorBoard where it is installed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class RunLog:
    """Writes train.csv and validation.csv in a folder, a line at a time; a resumed run goes on in them."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError where the folder can't be written."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._board = _tensorboard(folder / "tensorboard")

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
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(f"{table}/{name}", value, step)

    def close(self) -> None:
        """Flush."""
        if self._board is not None:
            self._board.close()


def _tensorboard(folder: Path) -> Any:
    """Its writer, or None: the package and what it brings along are not worth a requirement."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
