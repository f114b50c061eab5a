"""What a run learns from and is judged by, from the folders that a user names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.datasets.registry import read_set
from models.hand.hand_data import HandData
from models.training.batch import Batch, Source
from models.training.pairs import Paired, Together
from models.training.real.measured import measured_hands
from models.training.real.source import RealHands
from models.training.synthetic.render_workers import Drawers
from models.training.synthetic.sampler import SyntheticHands
from models.training.validation import Judged, Validator, judged_samples, judged_source

_OTHER_SEED = 1_000_003  # judged hands are drawn with a seed that no training of a small seed has


@dataclass(frozen=True)
class Material:
    """Where samples come from, and how far one has come."""

    synthetic: Source | None
    real: Source | None
    validator: Validator


def gather(
    hand: HandData,
    size: int,
    seed: int,
    real: Path | None,
    labels: Path,
    backgrounds: Path | None,
    draw: bool,
    judged_by: Sequence[tuple[str, Path]],
    measured: Sequence[tuple[str, Path]] = (),
    device: str = "cpu",
    drawers: int = 0,
) -> Material:
    """Open everything. real: folder of real crops, labels: their labels, made if they are missing. draw:
    whether hands are drawn. judged_by: names of `models.datasets.registry` with their folders. measured:
    names of its `training_sets` with theirs, which share the real part of every batch. device: of
    torch, on which drawn hands get the webcam's faults. drawers: processes that draw hands to learn from;
    with 0 the thread does that asks for them.

    Raises ValueError in one line where there is nothing to learn from, or a folder is unfit.
    """
    if real is None and not measured and not draw:
        raise ValueError("nothing to learn from: give --real DIR, or leave --no-synthetic out")
    sets: list[Judged] = [judged_samples(read_set(name, folder), size) for name, folder in judged_by]
    drawn: Source | None = None
    photos: list[Paired] = [measured_hands(name, folder, size, seed) for name, folder in measured]
    if draw:
        if drawers:
            drawn = Drawers(hand, size, backgrounds, seed, device, drawers)
        else:
            drawn = _Drawn(hand, size, backgrounds, seed, device)
        sets.append(judged_source("drawn", _Drawn(hand, size, backgrounds, _OTHER_SEED + seed, device)))
    if real is not None:
        photos.insert(0, RealHands(real, labels, hand, size, seed, backgrounds=backgrounds))
        held_out = RealHands(real, labels, hand, size, seed, held_out=True, backgrounds=backgrounds)
        sets.append(judged_source("held_out", held_out))
    if not sets:
        raise ValueError("nothing to judge the training by: give --validate NAME:DIR beside --measured")
    return Material(drawn, Together(photos) if photos else None, Validator(sets))


class _Drawn:
    """Drawn hands of one picture size, in batches of any size."""

    def __init__(self, hand: HandData, side: int, backgrounds: Path | None, seed: int, device: str) -> None:
        self._make = lambda size: SyntheticHands(hand, size, backgrounds, seed, device)
        self._side = side
        self._hands: dict[int, SyntheticHands] = {}

    def batch(self, number: int, size: int) -> Batch:
        """As `Source.batch`."""
        if size not in self._hands:
            self._hands[size] = self._make(size)
        return self._hands[size].batch(number, self._side)
