"""Print which hands are found, kind by kind, beside MediaPipe: dark, blurred, turned, cut, far, gloved …

    python -m tools.train.measure_kinds --closeups PHOTOS --crops CROPS --backgrounds PICTURES [--faces FACES]

Each kind is made of the same photographs, which no training sees: the kept-out part of PHOTOS (boxes.json),
and the held-out part of CROPS (`tools/build/real_crops.py`), whose hands' sides are known. Hands of CROPS are
cut out, too, and laid before kept-out PICTURES and FACES, in gloves, with rings, painted, beside another
hand. MediaPipe itself saw the hands of CROPS and named their sides. --sheet FILE.png shows the kinds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.cutout import Cutout, cut_out, lay_in
from models.datasets.dressed import DRESSES, Dress
from models.datasets.kept_out import is_kept_out
from models.datasets.photographs import boxed_photographs
from models.datasets.real_crops import read_real_crops
from models.datasets.samples import Sample, SampleSet, read_rgb, stills
from models.datasets.varied import KINDS
from models.evaluation.found import Tally, judge_stills, pictures_without_hands
from models.evaluation.predictors import MEDIAPIPE
from models.tracking.pipeline import DEFAULT_MODEL
from models.training.real.pictures import pictures_in
from models.training.scores.disturb import painted
from models.types import Handedness
from tools.command import command

_SIDE, _FILL = 480, 0.5  # of the pictures that cut-out hands are laid into, pixels; of them a hand fills
_APART = 0.8  # of two hands that touch, in hands
_NARROW = 0.1  # so many of the hands, those with the narrowest palms, are edge-on

Picture = NDArray[np.uint8]


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--closeups", type=Path, required=True, help="photographs with boxes.json")
    parser.add_argument("--crops", type=Path, required=True, help="real crops with labels.npz")
    parser.add_argument("--backgrounds", type=Path, required=True, help="pictures without hands")
    parser.add_argument("--faces", type=Path, help="pictures of faces, to lay hands before")
    parser.add_argument("--every", type=int, default=8, help="only every Nth (default: %(default)s)")
    parser.add_argument("--models", nargs="*", default=[DEFAULT_MODEL, MEDIAPIPE])
    parser.add_argument("--kinds", nargs="*", help="only these")
    parser.add_argument("--sheet", type=Path, help="write a picture of the kinds, and measure nothing")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    kinds = _kinds(options)
    if options.sheet is not None:
        _write_sheet(options.sheet, kinds)
        return
    models = options.models
    print(" | ".join(["kind", "hands", *(f"{m}: found %, side right %" for m in models)]))
    for kind, sets in kinds.items():
        parts = [(s, judge_stills(s, models)) for s in sets]
        row = [_figures([(s.only_boxes, tallies[m]) for s, tallies in parts]) for m in models]
        print(" | ".join([kind, str(sum(s.count for s in sets)), *row]), flush=True)


def _figures(parts: Sequence[tuple[bool, Tally]]) -> str:
    found, hands = (sum(getattr(t, name) for _, t in parts) for name in ("found", "hands"))
    known = [t for only_boxes, t in parts if not only_boxes]
    right, of = sum(t.right_handedness for t in known), sum(t.found for t in known)
    return f"{100 * found / max(hands, 1):.1f}, {100 * right / max(of, 1):.1f}"


def _kinds(options: argparse.Namespace) -> dict[str, list[SampleSet]]:
    """The pictures of each kind, made when they are read."""
    grounds = [read_rgb(path) for path in pictures_without_hands(options.backgrounds)]
    photographs = [s for s in boxed_photographs(options.closeups) if is_kept_out(Path(str(s.image)))]
    crops = _held_out(options.crops)
    both = [(photographs[:: options.every], True), (crops[:: options.every], False)]
    kinds = {
        name: [_set(name, samples, partial(_varied, name, grounds), boxes) for samples, boxes in both]
        for name in KINDS
    }
    breadth = np.array([_breadth(sample) for sample in crops])
    narrow = np.flatnonzero(breadth <= np.quantile(breadth, _NARROW))
    kinds["edge-on"] = [
        _set("edge-on", [crops[k] for k in narrow], partial(_varied, "as usual", grounds), False)
    ]
    faces = [read_rgb(path) for path in pictures_in(options.faces)] if options.faces else []
    dresses = {**DRESSES, "henna or tattoos": lambda h, rng: replace(h, image=painted(h.image, h.alpha, rng))}
    hands = [hand for sample in crops[:: options.every] if (hand := _cut(sample)) is not None]
    for name, dress in dresses.items():
        kinds[name] = [_laid(name, hands, partial(_dressed, dress, hands, grounds))]
    if faces:
        kinds["before a face"] = [
            _laid("before a face", hands, lambda k, rng: _alone(hands[k], faces[k % len(faces)]))
        ]
    kinds["touching another hand"] = [
        _laid(
            "touching another hand",
            hands,
            lambda k, rng: _two(hands[k], hands[k - 1], grounds[k % len(grounds)], rng),
        )
    ]
    wanted = options.kinds or list(kinds)
    if unknown := [name for name in wanted if name not in kinds]:
        raise ValueError(f"--kinds: expected any of {', '.join(kinds)}, got {unknown[0]!r}")
    return {name: kinds[name] for name in wanted}


def _held_out(folder: Path) -> list[Sample]:
    labels = read_real_crops(folder)
    sides: list[Handedness] = ["left" if side == "left" else "right" for side in labels.handedness]
    return [
        Sample(name := str(labels.image[k]), folder / name, sides[k], None, labels.joints_2d_px[k], None)
        for k in np.flatnonzero(labels.held_out)
    ]


def _set(
    name: str, samples: Sequence[Sample], vary: Callable[[int, Sample], Sample], only_boxes: bool
) -> SampleSet:
    made = stills(name, len(samples), lambda k: vary(k, samples[k]))
    return replace(made, only_boxes=only_boxes)


def _varied(name: str, grounds: list[Picture], k: int, sample: Sample) -> Sample:
    box = sample.box_px
    assert box is not None
    ground = grounds[k % len(grounds)]
    seen, its_box = KINDS[name](read_rgb(Path(str(sample.image))), box, ground, np.random.default_rng(k))
    return replace(sample, image=seen, joints_2d_px=None, box=its_box)


def _breadth(sample: Sample) -> float:
    """Of the palm in the picture, over its length."""
    joints = sample.joints_2d_px
    assert joints is not None
    across, along = joints[17] - joints[5], joints[9] - joints[0]
    return float(np.linalg.norm(across) / max(float(np.linalg.norm(along)), 1e-6))


def _cut(sample: Sample) -> Cutout | None:
    assert sample.joints_2d_px is not None
    return cut_out(read_rgb(Path(str(sample.image))), sample.joints_2d_px, sample.handedness)


def _laid(
    name: str, hands: Sequence[Cutout], make: Callable[[int, np.random.Generator], Sample]
) -> SampleSet:
    return stills(name, len(hands), lambda k: make(k, np.random.default_rng([k, 5])))


def _dressed(
    dress: Dress, hands: Sequence[Cutout], grounds: Sequence[Picture], k: int, rng: np.random.Generator
) -> Sample:
    return _alone(dress(hands[k], rng), grounds[k % len(grounds)])


def _alone(hand: Cutout, ground: Picture) -> Sample:
    """The hand in the middle of a square picture."""
    image, joints, _ = lay_in(_square(ground), hand, _matrix(hand, 0.5))
    return Sample("alone", image, hand.handedness, None, joints, None)


def _two(hand: Cutout, other: Cutout, ground: Picture, rng: np.random.Generator) -> Sample:
    """The hand beside another one, which it touches, lies over or under."""
    apart = 0.5 * _APART * _FILL * 0.8
    at = 0.5 + apart if rng.random() < 0.5 else 0.5 - apart
    first, second = (hand, at), (other, 1 - at)
    image, joints = _square(ground), hand.joints_px
    for this, place in (first, second) if rng.random() < 0.5 else (second, first):
        image, laid, _ = lay_in(image, this, _matrix(this, place))
        joints = laid if this is hand else joints
    return Sample("two", image, hand.handedness, None, joints, None)


def _square(ground: Picture) -> Picture:
    side = min(ground.shape[:2])
    return np.asarray(
        cv2.resize(ground[:side, :side], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8
    )


def _matrix(hand: Cutout, x: float) -> NDArray[np.float64]:
    """(2, 3) that puts a hand's middle at x of the picture, halfway down, so large as _FILL says."""
    low, high = hand.joints_px.min(0), hand.joints_px.max(0)
    scale = _FILL * _SIDE / float((high - low).max())
    at = np.array([x, 0.5]) * _SIDE - scale * (low + high) / 2
    return np.array([[scale, 0, at[0]], [0, scale, at[1]]])


def _write_sheet(path: Path, kinds: dict[str, list[SampleSet]], columns: int = 10) -> None:
    rows = []
    for name, sets in kinds.items():
        shown = [
            s.image for part in sets for s, _ in zip(part.read(), range(columns // len(sets)), strict=False)
        ]
        row = [cv2.resize(np.asarray(image), (150, 150)) for image in shown[:columns]]
        row += [np.zeros((150, 150, 3), np.uint8)] * (columns - len(row))
        rows.append(np.hstack(row))
        cv2.putText(
            rows[-1], name.replace("°", "deg"), (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 0, 255)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    raise SystemExit(main())
