"""Teach `tang_lm`'s joint stage its last step, in closed form, from photographs seen in several views.

    python -m tools.train.joint_step --real DIR --start FILE.safetensors --out FILE.safetensors

--real: a folder of `tools.build.real_map_cache`. --start: weights of `tang_lm`; only this step is changed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from safetensors.torch import save_file

from models.networks.systems.tang_lm import TangLm
from models.networks.zoo import build, encoder_weights
from models.training.maps.cache import MapCache
from models.training.maps.joint_step import Views, teach_joint_step
from models.training.maps.trainer import own_weights
from models.weights import load_weights
from tools.command import command


@command
def main() -> None:
    parser = argparse.ArgumentParser(description="teach the joint stage's last step")
    parser.add_argument("--real", type=Path, required=True, metavar="DIR")
    parser.add_argument("--start", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    options = parser.parse_args()
    net = build("tang_lm", trained=False)
    assert isinstance(net, TangLm)
    load_weights(net, options.start, encoder_weights("tang_lm"))
    before, after = teach_joint_step(net.joint_step, Views(MapCache(options.real)))
    print(f"joints off the label, hands not learnt from: {before:.3f} -> {after:.3f} px of a crop's 224")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(own_weights(net), options.out)


if __name__ == "__main__":
    raise SystemExit(main())
