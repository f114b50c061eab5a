"""Teach a smaller landmark encoder, of smaller crops or of fewer channels, to see what the full one sees.

    python -m tools.train.smaller_encoder --real CROPS --backgrounds PICTURES --out DIR --minutes 60
    python -m tools.train.smaller_encoder ... --size 224 --kept 0.72     of each block's channels
    python -m tools.train.smaller_encoder ... --resume                   go on from DIR/checkpoint.pt

The teacher is `mobrecon_lm`'s encoder, and so is the start, unless `--start` names another of that kind. One
thread. CROPS, PHOTOS: as `tools.build.real_map_cache` takes them. Every few minutes it writes
DIR/encoder.safetensors and says how far held-out crops are off the teacher, and where the time went.
"""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path

import cv2
import torch

from app.memory import keep_freed_memory
from models.hand.hand_data import load_open_hand
from models.networks.encoders.landmark_net import LandmarkNet
from models.networks.encoders.landmark_scores import LandmarkScores
from models.networks.systems.mobrecon_lm import MobReconLm
from models.networks.zoo import build
from models.training.student.crops import (
    Photographed,
    RealCropsShown,
    StudentCrops,
    held_out_pairs,
)
from models.training.student.pruning import pruned, widths
from models.training.student.trainer import StudentTraining, Teacher, teach
from tools.build.real_map_cache import closeups_of
from tools.command import command

TEACHER = "mobrecon_lm"
_UNSEEN, _PRUNED_BY = 1 << 29, 40  # numbers of batches that no step reaches, by which channels are pruned


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="teach a landmark encoder of smaller crops")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--real", type=Path, required=True, metavar="CROPS")
    parser.add_argument("--backgrounds", type=Path, required=True, metavar="DIR")
    parser.add_argument("--closeups", type=Path, metavar="PHOTOS")
    parser.add_argument("--size", type=int, default=192, help="the crops' side, a multiple of 32")
    parser.add_argument("--kept", type=float, metavar="0..1", help="of a block's channels: pruned first")
    parser.add_argument("--minutes", type=float, default=StudentTraining.minutes)
    parser.add_argument("--batch", type=int, default=StudentTraining.batch)
    parser.add_argument("--rate", type=float, default=StudentTraining.rate)
    parser.add_argument("--validated", type=int, default=128, help="held-out crops of each kind")
    parser.add_argument("--start", default=TEACHER, metavar="NETWORK", help="whose encoder to go on from")
    parser.add_argument("--resume", action="store_true", help="go on from DIR/checkpoint.pt")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.kept is not None and not 0 < options.kept <= 1:
        parser.error("--kept: expected a fraction above 0, up to 1")
    os.environ.setdefault("LP_NUM_THREADS", "0")  # a software renderer would take every core
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    keep_freed_memory()
    run(options)


def run(options: argparse.Namespace) -> None:
    """Teach by these options."""
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    hand, (encoder, scores) = load_open_hand(), encoder_of(TEACHER)
    more = (
        []
        if options.closeups is None
        else [
            Photographed(p.picture, p.camera, p.joints_px, p.handedness == "left")
            for p in closeups_of(options.closeups, held_out=False)
        ]
    )
    kept_out = RealCropsShown(options.real, held_out=True)
    validated = dict(held_out_pairs(kept_out, hand, options.size, options.validated))
    real = RealCropsShown(options.real, held_out=False)
    crops = StudentCrops(real, more, hand, options.backgrounds, options.size, options.seed)
    student = student_of(options, crops)
    teacher = Teacher(encoder, scores)
    config = StudentTraining(
        minutes=options.minutes, batch=options.batch, rate=options.rate, seed=options.seed
    )
    try:
        say = partial(print, flush=True)
        teach(student, teacher, crops, validated, options.out, config, say, options.resume)
    finally:
        crops.close()


def student_of(options: argparse.Namespace, crops: StudentCrops) -> LandmarkNet:
    """The encoder that the run starts from; one to go on with has its weights in the checkpoint."""
    full = encoder_of(options.start)[0]
    hidden = full.hidden if options.kept is None else widths(options.kept)
    if options.resume:
        return LandmarkNet(options.size, hidden)
    student = LandmarkNet(options.size, full.hidden)
    student.load_state_dict(full.state_dict())
    if options.kept is None:
        return student
    shown = [crops.batch(_UNSEEN + k, 16).student for k in range(_PRUNED_BY)]
    return pruned(student, shown, hidden)


def encoder_of(name: str) -> tuple[LandmarkNet, LandmarkScores]:
    """The landmark encoder of a `mobrecon_lm` of any size as it ships, and the scores taught for it.
    Raises ValueError for another network."""
    network = build(name)
    if not isinstance(network, MobReconLm):
        raise ValueError(f"{name} is no mobrecon_lm")
    encoder = network.encoder
    scores, encoder.scores = encoder.scores, None
    assert isinstance(scores, LandmarkScores)
    return encoder, scores


if __name__ == "__main__":
    raise SystemExit(main())
