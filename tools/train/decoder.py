"""Teach a system's decoder on the landmark encoder's cached maps.

    python -m tools.train.decoder NAME --cache DIR --judge DIR [--real DIR --judge-real DIR] \
        [--clips DIR] --joint-fit FILE --minutes 60 --out FILE

NAME: tang_lm, or any network whose declaration says how maps teach it. --cache, --judge: folders of
`tools.build.map_cache`; --real, --judge-real: of `tools.build.real_map_cache`, to learn from and of the hands
held out; --clips: of `tools.build.clip_map_cache`. Beside the decoder, the file that is written holds the
mesh stage and the learnt fit, unchanged; the encoder stays in `mobrecon_lm`'s file. --joint-fit,
--mesh-stage: of `tools.train.joint_fit`, or a system's weights that hold one. --start goes on from a file
that this wrote.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import torch

from models.hand.hand_data import load_open_hand
from models.manifest import ASSETS
from models.networks.landmark_system import LandmarkSystem
from models.networks.zoo import build, declared, encoder_weights, networks
from models.training.maps.batch import MAP_PEAK
from models.training.maps.cache import MapCache
from models.training.maps.clips import ClipTerms
from models.training.maps.real_batch import RealHandsCached
from models.training.maps.real_refine import RealRefineObjective
from models.training.maps.refine import RefineObjective
from models.training.maps.trainer import DecoderTraining, Photographs, train_decoder
from models.weights import ENCODER, load_weights
from tools.command import command

_MESH_STAGE = ASSETS / "weights/mesh_stage.safetensors"


@command
def main() -> None:
    parser = argparse.ArgumentParser(description="teach a decoder on cached maps")
    taught = [name for name, network in networks().items() if network.on_maps is not None]
    parser.add_argument("name", choices=taught)
    parser.add_argument("--cache", type=Path, required=True, metavar="DIR")
    parser.add_argument("--judge", type=Path, required=True, metavar="DIR")
    parser.add_argument("--real", type=Path, metavar="DIR")
    parser.add_argument("--judge-real", type=Path, metavar="DIR")
    parser.add_argument("--clips", type=Path, metavar="DIR")
    parser.add_argument("--mesh-stage", type=Path, metavar="FILE.safetensors", help="else that of --start")
    parser.add_argument("--joint-fit", type=Path, metavar="FILE.safetensors", help="else that of --start")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--start", type=Path, metavar="FILE.safetensors")
    parser.add_argument("--minutes", type=float, default=DecoderTraining.minutes)
    parser.add_argument("--batch", type=int, default=DecoderTraining.batch)
    parser.add_argument("--learning-rate", type=float, default=DecoderTraining.learning_rate)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.minutes <= 0 or options.batch < 1 or options.learning_rate <= 0:
        parser.error("--minutes, --batch and --learning-rate: expected more than nothing")
    if (options.real is None) != (options.judge_real is None):
        parser.error("--real and --judge-real go together")
    torch.set_num_threads(1)
    config = DecoderTraining(
        minutes=options.minutes,
        batch=options.batch,
        learning_rate=options.learning_rate,
        seed=options.seed,
    )
    cache, validation = MapCache(options.cache), MapCache(options.judge)
    net, hand = new_system(options.name, cache), load_open_hand()
    if net.fit_rounds and options.joint_fit is None and options.start is None:
        parser.error("give --joint-fit, or --start with a file that holds one")
    if net.mesh_rank is not None and options.mesh_stage is None and options.start is None:
        taught_by = f"tools.train.joint_fit --rounds 0 --rank {net.mesh_rank}"
        parser.error(f"give --mesh-stage, of {taught_by} or of weights that hold one, such as tang_lm's")
    if options.joint_fit is not None and not net.fit_rounds:
        parser.error(f"--joint-fit: {options.name} has no learnt fit; give its mesh stage by --mesh-stage")
    if options.start is not None:
        load_weights(net, options.start, encoder_weights(options.name))
    if options.mesh_stage is not None or options.start is None:
        load_weights(net.mesh_stage, options.mesh_stage or _MESH_STAGE, part="mesh_stage.")
    if options.joint_fit is not None:
        load_weights(net.joint_fit, options.joint_fit, part="joint_fit.")
    teaching = declared(options.name).on_maps
    assert teaching is not None
    options.out.parent.mkdir(parents=True, exist_ok=True)
    say = partial(print, flush=True)
    photographs = None
    if options.real is not None:
        learnt, shown = (RealHandsCached(MapCache(d), net.palm_m) for d in (options.real, options.judge_real))
        photographs = Photographs(RealRefineObjective(net, hand, teaching), learnt, shown)
    objective = RefineObjective(net, hand, teaching)
    clips = None if options.clips is None else ClipTerms(net, hand, MapCache(options.clips))
    train_decoder(net, objective, options.out, cache, validation, net.palm_m, config, say, photographs, clips)


def new_system(name: str, cache: MapCache) -> LandmarkSystem:
    """The encoder as it ships, and maps scaled as they were cached; all else starts anew."""
    torch.manual_seed(0)
    net, encoder = build(name, trained=False), encoder_weights(name)
    assert isinstance(net, LandmarkSystem)
    if encoder is None:
        raise FileNotFoundError("the landmark encoder's weights are missing; get a full checkout")
    load_weights(net.encoder, encoder, part=ENCODER)
    for side in (56, 28, 14):
        scale = torch.from_numpy(MAP_PEAK / (127 * cache.scales[f"f{side}"]))
        getattr(net, f"map_scale_{side}").copy_(scale)
    return net


if __name__ == "__main__":
    raise SystemExit(main())
