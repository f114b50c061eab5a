"""Teach the scores of a landmark encoder: whether a crop shows a hand, and whether a right one.

    python -m tools.train_scores landmark_net --backgrounds PICTURES --real CROPS --closeups PHOTOS \
        --without-hands FACES --cache out/scores --out out/scores/landmark_scores.safetensors
    python -m tools.train_scores mobrecon_lm …  # the same for that network's own encoder

Crops are made once and kept in --cache: drawn hands before --backgrounds, hands of --real (as it is made
by tools/build/real_crops.py) and of --closeups (photographs of hands whose sides nobody knows), and what
the palm network takes for palms in --backgrounds and --without-hands (more such pictures, faces say).
A part of each is kept from training, and the report is of that part.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

from models.datasets.samples import read_rgb
from models.hand.hand_data import load_open_hand
from models.inference.landmark_runtime import LandmarkRuntime
from models.tracking.detector import HandDetector
from models.tracking.reconstruction import FittedLandmarks
from models.training.real.pictures import pictures_in
from models.training.scores.crops import CropFile, ScoreCrop, write_crops
from models.training.scores.drawn import drawn_crops
from models.training.scores.features import Features, encoder_named, features_of, joined
from models.training.scores.fit import report, train_scores
from models.training.scores.real import close_hand_crops, handless_crops, is_kept_out, real_hand_crops


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoder", help="landmark_net, or a network on that encoder")
    parser.add_argument("--backgrounds", type=Path, required=True, help="pictures without hands")
    parser.add_argument("--real", type=Path, required=True, help="real crops with labels.npz")
    parser.add_argument("--closeups", type=Path, help="photographs of single hands")
    parser.add_argument("--without-hands", type=Path, nargs="*", default=[], help="more such pictures")
    parser.add_argument("--drawn", type=int, default=12000, help="drawn crops (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("out/scores"))
    parser.add_argument("--out", type=Path, required=True, help="FILE.safetensors")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        return _run(options)
    except (ValueError, OSError) as error:
        print(f"train_scores: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    cache, seed = options.cache, options.seed
    encoder = encoder_named(options.encoder)
    folders = [options.backgrounds, *options.without_hands]
    makers: dict[str, Iterable[ScoreCrop]] = {
        "drawn": drawn_crops(load_open_hand(), options.backgrounds, options.drawn, seed),
        "real": real_hand_crops(options.real, 2, seed),
        "none": handless_crops(folders, 40, seed),
    }
    if options.closeups is not None:
        makers["close"] = _closeups(options.closeups, seed)
    parts: list[Features] = []
    for name, crops in makers.items():
        file = cache / f"{name}.npz"
        if not file.is_file():
            print(f"{file}: {write_crops(crops, file)} crops", flush=True)
        parts.append(
            _features(CropFile(file), options.encoder, encoder, cache / f"{name}-{options.encoder}.npy")
        )
    features = joined(parts)
    scores = train_scores(features)
    figures = report(scores, features)
    for source, values in figures.items():
        print(source, " ".join(f"{key} {value:.4g}" for key, value in values.items()))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in scores.state_dict().items()}, options.out)
    options.out.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(options.out)
    return 0


def _features(crops: CropFile, name: str, encoder: torch.nn.Module, kept: Path) -> Features:
    """The encoder's answers, from a file where they were computed before."""
    if kept.is_file():
        inputs = np.load(kept, allow_pickle=False)
        if len(inputs) == len(crops):
            return Features(inputs, crops.present, crops.right, crops.source, crops.held_out)
    made = features_of(crops, encoder)  # type: ignore[arg-type]
    np.save(kept, made.inputs)
    return made


def _closeups(folder: Path, seed: int) -> Iterator[ScoreCrop]:
    """Hands that the detector finds in photographs of hands, half of which are kept out altogether."""
    method = FittedLandmarks(LandmarkRuntime())
    paths, joints = [], []
    detector = HandDetector(method.infer, method.input_size, max_hands=1)
    for path in pictures_in(folder):
        found = [] if is_kept_out(path) else detector.detect(read_rgb(path))
        if found:
            paths.append(path)
            joints.append(found[0].joints_2d_px)
    yield from close_hand_crops(paths, joints, 4, seed)


if __name__ == "__main__":
    raise SystemExit(main())
