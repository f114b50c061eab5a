"""Frames kept exactly as they came, on disk: ten seconds of a camera are hundreds of megabytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


class FrameSpool:
    """Frames of one size in, the same frames out. The file has no name and goes with its owner."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        self._shape: tuple[int, ...] = ()
        self._times_s: list[float] = []

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self._times_s)

    def add(self, frame_rgb: NDArray[np.uint8], time_s: float) -> bool:
        """Keep one; False for a frame of another size than the first one's. Raises OSError on a full disk."""
        if not self._shape:
            self._shape = frame_rgb.shape
        if frame_rgb.shape != self._shape:
            return False
        self._file.write(np.ascontiguousarray(frame_rgb).data)
        self._times_s.append(time_s)
        return True

    def frames(self) -> Iterator[tuple[NDArray[np.uint8], float]]:
        """All frames (H, W, 3) and their times, from the first."""
        self._file.seek(0)
        size = int(np.prod(self._shape))
        for time_s in self._times_s:
            yield np.frombuffer(self._file.read(size), np.uint8).reshape(self._shape), time_s

    def close(self) -> None:
        """Give the disk its room back."""
        self._file.close()
