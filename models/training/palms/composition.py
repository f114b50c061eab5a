"""The views that the heads are taught from, by number: one seed gives the same views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.inference.palm_runtime import INPUT_SIZE
from models.training.palms.views import Composer, Image, KnownHand, View
from models.training.real.pictures import cut_square

_NONE = 0.2  # of the views show no hand
_KINDS = (0.4, 0.35, 0.25)  # of the others show a drawn one, a real crop, a photograph with a box
_SECOND = 0.15  # show a drawn one beside it


@dataclass(frozen=True, eq=False)
class Sources:
    """What views are composed of."""

    drawn: Sequence[KnownHand]  # with masks
    real: Sequence[KnownHand]
    boxed: Sequence[KnownHand]
    grounds: Sequence[Image]  # (H, W, 3) without hands


def composed_views(sources: Sources, count: int, seed: int) -> Iterator[View]:
    """`count` views."""
    compose = Composer()
    kinds = (sources.drawn, sources.real, sources.boxed)
    chances = np.array([chance * bool(len(of)) for chance, of in zip(_KINDS, kinds, strict=True)])
    for k in range(count):
        rng = np.random.default_rng([seed, k, 11])
        hands: list[KnownHand] = []
        if rng.random() >= _NONE:
            of = kinds[int(rng.choice(3, p=chances / chances.sum()))]
            hands.append(of[int(rng.integers(len(of)))])
            if rng.random() < _SECOND and len(sources.drawn):
                hands.append(sources.drawn[int(rng.integers(len(sources.drawn)))])
        ground, other = (sources.grounds[int(rng.integers(len(sources.grounds)))] for _ in range(2))
        yield compose(hands, cut_square(ground, INPUT_SIZE, rng), lambda: other, rng)  # noqa: B023
