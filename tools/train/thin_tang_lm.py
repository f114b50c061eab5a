"""tang_lm's weights as they shipped until 29 November 2026, laid out as the lighter network of today.

    git show 8a6e444:assets/weights/tang_lm.safetensors > out/wide.safetensors
    python -m tools.train.thin_tang_lm --start out/wide.safetensors --cache DIR [DIR ...] --out FILE

Closed form: wide layers become pairs of thin ones, nearest on the crops of the caches (of
`tools.build.map_cache` and `tools.build.real_map_cache`). `tools.train.decoder tang_lm --start FILE` goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from models.networks.systems.tang_lm import TangLm
from models.training.maps.cache import MapCache
from models.training.maps.thinned import lay_out
from models.training.maps.trainer import own_weights
from tools.command import command
from tools.train.decoder import new_system


@command
def main() -> None:
    parser = argparse.ArgumentParser(description="tang_lm's former weights for its lighter layers")
    parser.add_argument("--start", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--cache", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    options = parser.parse_args()
    torch.set_num_threads(1)
    caches = [MapCache(folder) for folder in options.cache]
    try:
        old = load_file(options.start)
    except SafetensorError as error:
        raise ValueError(f"{options.start}: not a safetensors file ({error})") from error
    net = new_system("tang_lm", caches[0])
    assert isinstance(net, TangLm)
    lay_out(net, old, caches)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(own_weights(net), options.out)


if __name__ == "__main__":
    raise SystemExit(main())
