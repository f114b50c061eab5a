"""Teach the mesh stage: joints -> pose and shape of the hand model, from poses alone.

    python -m tools.train.mesh_stage --minutes 30 --out out/mesh_stage.safetensors [--cache DIR --judge DIR]

--cache, --judge: folders of `tools.build.map_cache`; the encoder's own answers on drawn crops make up a third
of what is learnt, and what is judged.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from models.hand.hand_data import load_open_hand
from models.training.maps.cache import MapCache
from models.training.maps.mesh_stage import MeshStageTraining, train_mesh_stage
from tools.command import command


@command
def main() -> None:
    parser = argparse.ArgumentParser(description="teach the mesh stage")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--minutes", type=float, default=MeshStageTraining.minutes)
    parser.add_argument("--cache", type=Path, metavar="DIR")
    parser.add_argument("--judge", type=Path, metavar="DIR")
    parser.add_argument("--start", type=Path, metavar="FILE.safetensors", help="weights to go on from")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cache, validation = (None if d is None else MapCache(d) for d in (options.cache, options.judge))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    config = MeshStageTraining(minutes=options.minutes, seed=options.seed)
    train_mesh_stage(load_open_hand(), options.out, config, cache, validation, options.start)


if __name__ == "__main__":
    raise SystemExit(main())
