"""Teach a decoder on the landmark encoder's cached maps.

    python -m tools.train.decoder tang_lm --cache DIR --judge DIR --mesh-stage FILE --minutes 60 --out FILE

--cache, --judge: folders of `tools.build.map_cache`. Beside the decoder, the file that is written holds the
encoder (of `mobrecon_lm`) and the mesh stage, both unchanged. --start goes on from such a file.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

import torch

from models.hand.hand_data import load_open_hand
from models.networks.systems.tang_lm import TangLm, TangLmConfig
from models.networks.zoo import build
from models.training.maps.cache import MapCache
from models.training.maps.lesson import MAP_PEAK
from models.training.maps.refine import RefineObjective
from models.training.maps.trainer import DecoderTraining, train_decoder
from models.weights import load_weights


def main() -> int:
    parser = argparse.ArgumentParser(description="teach a decoder on cached maps")
    parser.add_argument("name", choices=["tang_lm"])
    parser.add_argument("--cache", type=Path, required=True, metavar="DIR")
    parser.add_argument("--judge", type=Path, required=True, metavar="DIR")
    parser.add_argument("--mesh-stage", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--start", type=Path, metavar="FILE.safetensors")
    parser.add_argument("--minutes", type=float, default=DecoderTraining.minutes)
    parser.add_argument("--batch", type=int, default=DecoderTraining.batch)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    config = DecoderTraining(minutes=options.minutes, batch=options.batch, seed=options.seed)
    try:
        cache, judged = MapCache(options.cache), MapCache(options.judge)
        net = new_tang_lm(cache)
        if options.start is not None:
            load_weights(net, options.start)
        load_weights(net.mesh_stage, options.mesh_stage)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        say = partial(print, flush=True)
        train_decoder(net, RefineObjective(net), options.out, cache, judged, net.palm_m, config, say)
    except (ValueError, OSError) as error:
        print(f"decoder: {error}", file=sys.stderr)
        return 2
    return 0


def new_tang_lm(cache: MapCache) -> TangLm:
    """The encoder of `mobrecon_lm`, and maps scaled as they were cached; all else starts anew."""
    hand = load_open_hand()
    net = TangLm(TangLmConfig(), hand)
    net.encoder.load_state_dict(build("mobrecon_lm", hand).encoder.state_dict())  # type: ignore[union-attr]
    for side in (56, 28, 14):
        scale = torch.from_numpy(MAP_PEAK / (127 * cache.scales[f"f{side}"]))
        getattr(net, f"map_scale_{side}").copy_(scale)
    return net


if __name__ == "__main__":
    raise SystemExit(main())
