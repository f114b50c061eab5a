"""Teach a smaller landmark encoder, of smaller crops or of fewer channels, to see what the full one sees.

    python -m tools.train.smaller_encoder --real CROPS --backgrounds PICTURES --out DIR --minutes 60
    python -m tools.train.smaller_encoder ... --size 224 --hidden 24,64,112,...     channels of each block
    python -m tools.train.smaller_encoder ... --resume                   go on from DIR/checkpoint.pt
    torchrun --nproc-per-node 2 -m tools.train.smaller_encoder ... --batch 8     two processes, 8 crops each

The teacher is `mobrecon_lm`'s encoder, and so is the start, unless `--start` names another of that kind. One
thread teaches, one beside it makes crops and asks the teacher: two processes use two cores better. CROPS,
PHOTOS: as `tools.build.real_map_cache` takes them. Every few minutes it writes DIR/encoder.safetensors and
says how far held-out crops are off the teacher, and where the time went.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import cv2
import torch

from app.memory import keep_freed_memory
from models.hand.hand_data import load_open_hand
from models.networks.encoders.landmark_net import HIDDEN, LandmarkNet
from models.networks.encoders.landmark_scores import LandmarkScores
from models.networks.systems.mobrecon_lm import MobReconLm
from models.networks.zoo import build
from models.training.student.crops import (
    Photographed,
    RealCropsShown,
    StudentCrops,
    held_out_pairs,
)
from models.training.student.pruning import pruned
from models.training.student.trainer import StudentTraining, Teacher, teach
from tools.build.real_map_cache import closeups_of
from tools.command import command

TEACHER = "mobrecon_lm"
_UNSEEN, _PRUNED_BY = 1 << 29, 40  # numbers of batches that no step reaches, by which channels are pruned


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description="teach a landmark encoder of smaller crops or of fewer channels"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--real", type=Path, required=True, metavar="CROPS")
    parser.add_argument("--backgrounds", type=Path, required=True, metavar="DIR")
    parser.add_argument("--closeups", type=Path, metavar="PHOTOS")
    parser.add_argument("--size", type=int, default=192, help="the crops' side, a multiple of 32")
    parser.add_argument(
        "--hidden", type=_widths, metavar="N,N,...", help="channels inside each block: pruned first"
    )
    parser.add_argument("--minutes", type=float, default=StudentTraining.minutes)
    parser.add_argument("--batch", type=int, default=StudentTraining.batch)
    parser.add_argument("--rate", type=float, default=StudentTraining.rate)
    parser.add_argument("--validated", type=int, default=128, help="held-out crops of each kind")
    parser.add_argument("--start", default=TEACHER, metavar="NETWORK", help="whose encoder to go on from")
    parser.add_argument("--resume", action="store_true", help="go on from DIR/checkpoint.pt")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
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
    make_crops = partial(StudentCrops, real, more, hand, options.backgrounds, options.size, options.seed)
    student = student_of(options, make_crops)
    config = StudentTraining(
        minutes=options.minutes, batch=options.batch, rate=options.rate, seed=options.seed
    )
    teacher, say = Teacher(encoder, scores), partial(print, flush=True)
    teach(student, teacher, make_crops(), validated, options.out, config, say, options.resume)


def _widths(text: str) -> tuple[int, ...]:
    """Channels inside each block of a pruned encoder. Raises ArgumentTypeError."""
    try:
        hidden = tuple(int(n) for n in text.split(","))
    except ValueError:
        hidden = ()
    if len(hidden) != len(HIDDEN) or not all(1 <= n <= most for n, most in zip(hidden, HIDDEN, strict=True)):
        most = ",".join(map(str, HIDDEN))
        raise argparse.ArgumentTypeError(f"expected {len(HIDDEN)} numbers, of at most {most}")
    if hidden[0] != HIDDEN[0]:
        raise argparse.ArgumentTypeError(f"the first block expands nothing: it keeps {HIDDEN[0]}")
    return hidden


def student_of(options: argparse.Namespace, make_crops: Callable[[], StudentCrops]) -> LandmarkNet:
    """The encoder that the run starts from; one to go on with has its weights in the checkpoint. make_crops:
    for what it is pruned by. Raises ValueError where it has fewer channels than are asked for."""
    full = encoder_of(options.start)[0]
    hidden = options.hidden or full.hidden
    if any(n > most for n, most in zip(hidden, full.hidden, strict=True)):
        raise ValueError(f"--hidden: {options.start} has {','.join(map(str, full.hidden))}; give no more")
    if options.resume:
        return LandmarkNet(options.size, hidden)
    student = LandmarkNet(options.size, full.hidden)
    student.load_state_dict(full.state_dict())
    if hidden == full.hidden:
        return student
    with closing(make_crops()) as crops:
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
