"""Teach the learnt fit: the mesh stage's pose -> one that has the joints that were seen, from poses alone.

    python -m tools.train.joint_fit --minutes 12 --out FILE.safetensors [--cache DIR ...] [--judge DIR]

--cache, --judge: folders of `tools.build.map_cache` or of `tools.build.real_map_cache`; the encoder's joints
on their crops are a third of what is learnt, and what is judged. --start goes on from such weights, or
from a system's that hold them. --rounds 0 teaches a mesh stage that keeps to its joints as the fit would.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import torch

from models.hand.hand_data import load_open_hand
from models.manifest import ASSETS
from models.networks.joint_fit import JointFitConfig
from models.training.maps.cache import MapCache
from models.training.maps.joint_fit import JointFitTraining, train_joint_fit
from tools.command import command


@command
def main() -> None:
    parser = argparse.ArgumentParser(description="teach the learnt fit")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--minutes", type=float, default=JointFitTraining.minutes)
    parser.add_argument("--cache", type=Path, nargs="*", default=[], metavar="DIR")
    parser.add_argument("--judge", type=Path, metavar="DIR")
    parser.add_argument(
        "--mesh-stage", type=Path, default=ASSETS / "weights/mesh_stage.safetensors", metavar="FILE"
    )
    parser.add_argument("--start", type=Path, metavar="FILE.safetensors")
    parser.add_argument("--rounds", type=int, default=JointFitConfig.rounds, choices=(0, 1, 2, 3))
    parser.add_argument("--rank", type=int, help="of the mesh stage's layers (with --rounds 0)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.rank is not None and (options.rounds or options.rank < 1):
        parser.error("--rank: expected a positive number, with --rounds 0")
    torch.set_num_threads(1)
    caches = [MapCache(folder) for folder in options.cache]
    validation = None if options.judge is None else MapCache(options.judge)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    config = JointFitTraining(minutes=options.minutes, seed=options.seed)
    say = partial(print, flush=True)
    train_joint_fit(
        load_open_hand(),
        options.mesh_stage,
        options.out,
        config,
        caches,
        validation,
        say,
        options.start,
        options.rounds,
        options.rank,
    )


if __name__ == "__main__":
    raise SystemExit(main())
