"""Joints and scores of crops, most of which show no hand: no mesh is computed for those."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from models.geometry import TYPICAL_FOCAL
from models.inference.engines import Engine

AFTER = 60
"""So many crops save as much time as it takes to make the smaller network: a photograph asks for a few."""


class SightEngine:
    """A network's answers without its mesh. The whole network gives them until the smaller one is made,
    which begins beside the program's work when `after` crops have been asked for."""

    def __init__(self, whole: Engine, make: Callable[[], Engine], after: int = AFTER) -> None:
        """make: the network that gives the same joints and scores as the whole one, and nothing else."""
        self.input_size = whole.input_size
        self._engine, self._make, self._after, self._asked = whole, make, after, count(1)

    def __call__(self, crops_rgb: NDArray[np.uint8], focal: float = TYPICAL_FOCAL) -> dict[str, np.ndarray]:
        if next(self._asked) == self._after:
            Thread(target=self._shrink, name="smaller network").start()
        return self._engine(crops_rgb, focal)

    def _shrink(self) -> None:
        with suppress(RuntimeError):  # without it, all is as right and a little slower
            self._engine = self._make()
