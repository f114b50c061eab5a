"""A folder of numbered samples, one memory-mapped array a column: a replay buffer.

Rows are written in a ring: when the folder is full, new ones replace the oldest. A program may read while
another writes; a row that is being replaced is read half old, half new at worst, one in many thousands.
Maps are kept as bytes, scaled for each channel: they are looked up, not learnt, and 8 bits are plenty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.networks.encoders.landmark_net import PUBLISHED_FEATURES

MAPS = ("f56", "f28", "f14")
_KEPT = 0.9995  # of a channel's values lie within its scale
_STATE = "state.json"


@dataclass(frozen=True)
class Column:
    """What one row of a column is."""

    shape: tuple[int, ...]
    dtype: str


class MapCache:
    """Samples by column. Written by one program, read by any number."""

    def __init__(self, folder: Path) -> None:
        """Raises ValueError where there is no cache, or one of before idle channels were left out."""
        self.folder = folder
        try:
            state = json.loads((folder / _STATE).read_text())
        except (OSError, ValueError) as error:
            raise ValueError(f"{folder}: holds no cache; make it with tools.build.map_cache") from error
        self.capacity = int(state["capacity"])
        names = sorted(p.stem for p in folder.glob("*.npy"))
        self.columns: dict[str, NDArray] = {
            n: np.load(folder / f"{n}.npy", mmap_mode="r+", allow_pickle=False) for n in names
        }
        if "pooled" in self.columns and self.columns["pooled"].shape[1:] == (PUBLISHED_FEATURES,):
            raise ValueError(f"{folder}: of the encoder with its idle channels; make it anew in a new folder")
        with np.load(folder / "scales.npz", allow_pickle=False) as scales:
            self.scales: dict[str, NDArray[np.float32]] = {n: scales[n] for n in MAPS if n in scales}

    @staticmethod
    def create(
        folder: Path, capacity: int, columns: Mapping[str, Column], scales: Mapping[str, NDArray]
    ) -> MapCache:
        """An empty one in a new or empty folder. Raises ValueError where something else is there."""
        if folder.exists() and any(folder.iterdir()):
            raise ValueError(f"{folder} is not empty; give a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        for name, column in columns.items():
            shape = (capacity, *column.shape)
            np.lib.format.open_memmap(folder / f"{name}.npy", "w+", column.dtype, shape).flush()
        arrays = {name: np.asarray(s, np.float32) for name, s in scales.items()}
        np.savez(folder / "scales.npz", **arrays)  # type: ignore[arg-type]
        _write(folder, capacity, 0)
        return MapCache(folder)

    @property
    def written(self) -> int:
        """How many samples were ever written."""
        return int(json.loads((self.folder / _STATE).read_text())["written"])

    def __len__(self) -> int:
        return min(self.written, self.capacity)

    def append(self, rows: Mapping[str, NDArray]) -> None:
        """Write samples, each column (n, ...) in its natural numbers; the oldest make room."""
        at = self.written
        n = len(next(iter(rows.values())))
        place = (at + np.arange(n)) % self.capacity
        for name, values in rows.items():
            if name in self.scales:
                values = np.clip(np.round(values / self.scales[name][:, None, None]), -127, 127)
            self.columns[name][place] = values
        _write(self.folder, self.capacity, at + n)

    def read(self, rows: NDArray[np.intp], names: Sequence[str]) -> dict[str, NDArray]:
        """Columns of some rows, maps and halves as float32."""
        out = {}
        for name in names:
            values = self.columns[name][rows]
            if name in self.scales:
                values = values.astype(np.float32) * self.scales[name][:, None, None]
            out[name] = values.astype(np.float32) if values.dtype == np.float16 else values
        return out


def scales_of(maps: Mapping[str, NDArray]) -> dict[str, NDArray[np.float32]]:
    """Of each channel, from (B, C, H, W) maps of some samples."""
    return {
        name: np.maximum(np.quantile(np.abs(values), _KEPT, axis=(0, 2, 3)), 1e-3).astype(np.float32) / 127
        for name, values in maps.items()
    }


def _write(folder: Path, capacity: int, written: int) -> None:
    draft = folder / f"{_STATE}.tmp"
    draft.write_text(json.dumps({"capacity": capacity, "written": written}))
    draft.replace(folder / _STATE)
