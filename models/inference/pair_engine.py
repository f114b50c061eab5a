"""Two hands' crops in one call, where the network for that has been made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from threading import Thread
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.inference.engines import Engine
from models.types import Float32

AFTER = 15
"""So many pairs are worth the time and the memory of a second network: two hands in a photograph are not."""
_SAME = 1e-3
"""Largest difference from what the network of one crop says that is rounding: parts of a crop, metres."""


class OfTwo(Protocol):
    """(2, S, S, 3) RGB uint8 and the focal length of each, (2,), in its widths -> as `Engine`, of both."""

    def __call__(self, crops_rgb: NDArray[np.uint8], focal: Float32) -> dict[str, np.ndarray]: ...


class PairEngine:
    """A network's answers to two crops. That of one crop gives them until that of two is made, which begins
    beside the program's work when `after` pairs have been asked for."""

    def __init__(self, one: Engine, make: Callable[[], OfTwo], after: int = AFTER) -> None:
        """make: the same network of two crops; if it can't be made, or answers otherwise, it is not used."""
        self._one, self._make, self._after, self._asked = one, make, after, count(1)
        self._two: OfTwo | None = None

    def __call__(self, crops_rgb: NDArray[np.uint8], focals: Float32) -> list[dict[str, np.ndarray]]:
        """As `OfTwo`, each hand's answers by themselves."""
        if next(self._asked) == self._after:
            Thread(target=self._double, args=(crops_rgb, focals), name="network of two hands").start()
        if self._two is None:
            return [self._one(crops_rgb[k : k + 1], float(focals[k])) for k in range(len(crops_rgb))]
        return _each(self._two(crops_rgb, focals))

    def _double(self, crops_rgb: NDArray[np.uint8], focals: Float32) -> None:
        with suppress(RuntimeError, ValueError):  # without it, all is as right and a little slower
            two = self._make()
            apart = [self._one(crops_rgb[k : k + 1], float(focals[k])) for k in range(len(crops_rgb))]
            if all(
                np.allclose(answer[name], expected[name], atol=_SAME)
                for answer, expected in zip(_each(two(crops_rgb, focals)), apart, strict=True)
                for name in expected
            ):
                self._two = two


def _each(answers: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    hands = len(next(iter(answers.values())))
    return [{name: answer[k : k + 1] for name, answer in answers.items()} for k in range(hands)]
