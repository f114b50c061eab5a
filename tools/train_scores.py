"""Teach the scores of landmark encoders: whether a crop shows a hand, and whether a right one.

    python -m tools.train_scores mobrecon_lm landmark_net --backgrounds PICTURES --real CROPS \\
        --closeups PHOTOS --without-hands FACES --out out/scores

writes NAME_scores.safetensors for each encoder: landmark_net (`fit`), or a network that has one of its own.
Crops and what the encoders say of them are made once and kept in --cache, in parts, so that a run that was
stopped goes on: drawn hands before --backgrounds; hands of --real (as it is made by
tools/build/real_crops.py) in many views; what looks like palms in close views of --real and --closeups
(photographs of hands whose sides nobody knows), in --backgrounds and --without-hands (more such pictures,
faces say), and in drawn rooms. What `models.datasets.kept_out` and the held-out part of --real keep out is
not looked at. The report is of a further part that is not learnt from.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

from models.datasets.kept_out import is_kept_out, not_kept_out
from models.datasets.photographs import boxed_photographs
from models.datasets.real_crops import read_real_crops
from models.datasets.samples import Sample
from models.hand.hand_data import load_open_hand
from models.networks.encoders.landmark_net import LandmarkNet
from models.networks.encoders.landmark_scores import N_INPUTS
from models.training.real.pictures import pictures_in
from models.training.scores.candidates import close_crops, handless_crops, room_crops
from models.training.scores.crops import CropFile, ScoreCrop, write_crops
from models.training.scores.drawn import drawn_crops
from models.training.scores.features import (
    Features,
    channels_of,
    encoder_digest,
    encoder_named,
    features_of,
    joined,
    known_of,
    views_of,
)
from models.training.scores.fit import report, train_scores
from models.training.scores.real import real_hand_crops
from tools.command import command

_PART = 4000  # drawn crops in a file
_REAL_EVERY = 6  # photographs with known joints, that are also seen close
_MOST = 5000  # crops of one kind, but for the drawn ones

Make = Callable[[], Iterable[ScoreCrop]]


@command
def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoders", nargs="+", help="landmark_net, or networks on that encoder")
    parser.add_argument("--backgrounds", type=Path, required=True, help="pictures without hands")
    parser.add_argument("--real", type=Path, required=True, help="real crops with labels.npz")
    parser.add_argument("--closeups", type=Path, help="photographs of single hands, with boxes.json")
    parser.add_argument("--without-hands", type=Path, nargs="*", default=[], help="more such pictures")
    parser.add_argument("--drawn", type=int, default=20000, help="drawn crops (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("out/scores/cache"))
    parser.add_argument("--out", type=Path, default=Path("out/scores"), help="a folder")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    encoders = {name: encoder_named(name) for name in options.encoders}
    files = [_kept(make, options.cache / f"{name}.npz") for name, make in _kinds(options).items()]
    parts: dict[str, list[Features]] = {name: [] for name in encoders}
    for file in files:
        for name, features in _features(file, encoders, options.seed).items():
            parts[name].append(features)
    for name, of_kinds in parts.items():
        features = joined(of_kinds)
        scores = train_scores(features)
        figures = report(scores, features)
        print(f"{name}: {int((~features.held_out).sum())} crops")
        for source, values in figures.items():
            print(" ", source, " ".join(f"{key} {value:.4g}" for key, value in values.items()))
        out = options.out / f"{name}_scores.safetensors"
        out.parent.mkdir(parents=True, exist_ok=True)
        belongs_to = {"encoder": encoder_digest(encoders[name])} | channels_of(name)
        save_file({k: v.contiguous() for k, v in scores.state_dict().items()}, out, belongs_to)
        out.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        print(out)
    return 0


def _kinds(options: argparse.Namespace) -> dict[str, Make]:
    """How the crops of each kind are made."""
    seed, grounds = options.seed, not_kept_out(pictures_in(options.backgrounds))
    kinds: dict[str, Make] = {}
    for k in range(-(-options.drawn // _PART)):
        count = min(_PART, options.drawn - k * _PART)
        kinds[f"drawn-{k + 1}"] = partial(drawn_crops, load_open_hand(), grounds, count, seed + k)
    kinds["real"] = partial(real_hand_crops, options.real, 2, seed)
    kinds["close-real"] = partial(close_crops, _not_held_out(options.real), 1, seed, "close-real")
    if options.closeups is not None:
        photographs = [s for s in boxed_photographs(options.closeups) if not is_kept_out(Path(str(s.image)))]
        kinds["closeups"] = partial(close_crops, photographs, 3, seed, "closeups")
    kinds["none"] = lambda: chain(
        handless_crops(grounds, 6, seed),
        *(handless_crops(pictures_in(folder), 6, seed) for folder in options.without_hands),
    )
    kinds["rooms"] = partial(room_crops, 250, seed)
    return kinds


def _kept(make: Make, file: Path) -> Path:
    """The file of some crops, made where it is not there yet."""
    if not file.is_file():
        start_s = time.perf_counter()
        count = write_crops(make(), file)
        print(f"{file}: {count} crops, {time.perf_counter() - start_s:.0f} s", flush=True)
    return file


def _features(file: Path, encoders: Mapping[str, LandmarkNet], seed: int) -> dict[str, Features]:
    """The encoders' answers to a file of crops, from another file where they were computed before."""
    crops = CropFile(file)
    most = len(crops) if file.name.startswith("drawn") else _MOST
    seen, kept = views_of(crops, most, seed), file.with_suffix(".features.npz")
    inputs: dict[str, np.ndarray] = {}
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as had:
            shape = (len(seen.crop), N_INPUTS)
            inputs = {name: had[name] for name in encoders if name in had and had[name].shape == shape}
    if wanted := {name: encoder for name, encoder in encoders.items() if name not in inputs}:
        start_s = time.perf_counter()
        inputs |= features_of(crops, seen, wanted)
        np.savez(kept, **inputs)  # type: ignore[arg-type]
        print(f"{kept}: {len(seen.crop)} views, {time.perf_counter() - start_s:.0f} s", flush=True)
    return {name: known_of(crops, seen, inputs[name]) for name in encoders}


def _not_held_out(folder: Path) -> list[Sample]:
    """Some of the photographs with known joints that may be learnt from."""
    labels = read_real_crops(folder)
    return [
        Sample(
            name := str(labels.image[row]),
            folder / name,
            "left" if labels.handedness[row] == "left" else "right",
            None,
            labels.joints_2d_px[row],
            None,
        )
        for row in np.flatnonzero(~labels.held_out)[::_REAL_EVERY]
    ]


if __name__ == "__main__":
    raise SystemExit(main())
