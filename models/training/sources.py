"""What a run learns from and is judged by, from the folders that a user names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.datasets.registry import read_set
from models.hand.hand_data import HandData
from models.training.batch import PairSource, Source
from models.training.pairs import Together
from models.training.real.measured import measured_hands
from models.training.real.source import RealHands
from models.training.synthetic.render_workers import RenderWorkers
from models.training.synthetic.sampler import SyntheticHands
from models.training.validation import ValidationSet, Validator, validation_samples, validation_source

_OTHER_SEED = 1_000_003  # judged hands are drawn with a seed that no training of a small seed has


@dataclass(frozen=True)
class DataConfig:
    """What a run learns from and is validated by."""

    side_px: int  # of the crops: the network's input
    seed: int = 0  # of everything drawn
    synthetic: bool = True  # whether synthetic hands are learnt from
    real: Path | None = None  # folder of real crops (`models.datasets.real_crops`)
    labels: Path = Path("real_labels.npz")  # labels of `real`; made where there are none
    # names of `models.datasets.registry.training_sets` with their folders; they and `real` share the real
    # part of every batch
    measured: tuple[tuple[str, Path], ...] = ()
    backgrounds: Path | None = None  # folder of pictures without hands
    validate: tuple[tuple[str, Path], ...] = ()  # data sets' names with their folders
    device: str = "cpu"  # of torch, where synthetic pictures get the webcam's faults
    render_workers: int = 0  # processes that draw synthetic hands; 0: the thread that asks for them


@dataclass(frozen=True)
class TrainingData:
    """A run's sources, opened."""

    synthetic: Source | None
    real: Source | None
    validator: Validator


def gather(config: DataConfig, hand: HandData) -> TrainingData:
    """Open everything. Raises ValueError in one line where there is nothing to learn from or to validate by,
    or a folder is unfit."""
    c = config
    if c.real is None and not c.measured and not c.synthetic:
        raise ValueError("nothing to learn from: give --real DIR, or leave --no-synthetic out")
    sets: list[ValidationSet] = [
        validation_samples(read_set(name, folder), c.side_px) for name, folder in c.validate
    ]
    held_out: list[ValidationSet] = []
    synthetic: Source | None = None
    real: list[PairSource] = [measured_hands(name, folder, c.side_px, c.seed) for name, folder in c.measured]
    if c.real is not None:
        real.insert(0, RealHands(c.real, c.labels, hand, c.side_px, c.seed, backgrounds=c.backgrounds))
        kept = RealHands(c.real, c.labels, hand, c.side_px, c.seed, held_out=True, backgrounds=c.backgrounds)
        held_out.append(validation_source("held_out", kept))
    if c.synthetic:
        if c.render_workers:
            synthetic = RenderWorkers(hand, c.side_px, c.backgrounds, c.seed, c.device, c.render_workers)
        else:
            synthetic = _synthetic(c, hand, c.seed)
        sets.append(validation_source("drawn", _synthetic(c, hand, _OTHER_SEED + c.seed)))
    sets += held_out
    if not sets:
        raise ValueError("nothing to judge the training by: give --validate NAME:DIR beside --measured")
    return TrainingData(synthetic, Together(real) if real else None, Validator(sets))


def _synthetic(config: DataConfig, hand: HandData, seed: int) -> SyntheticHands:
    return SyntheticHands(
        hand, side_px=config.side_px, backgrounds=config.backgrounds, seed=seed, device=config.device
    )
