"""Which channels of the landmark encoder its answers need least.

    python -m tools.train.measure_channels --real CROPS --backgrounds PICTURES [--network mobrecon_lm]

Each block alone is pruned to some fractions of its channels, closed form (`models.training.student.pruning`),
and held-out crops are shown to the encoder with that block: how far its joints are off those of the whole
one, % of the hand's box, on photographs and on drawn hands, and how many Mult-Adds it saves. By this table
the channels of `tools.train.smaller_encoder --hidden` are chosen: off by d1 and d2 alone, two blocks are off
by about the root of d1² + d2² together.
"""

from __future__ import annotations

import argparse
import os
from contextlib import closing
from pathlib import Path

import cv2
import torch
from torch import Tensor
from torch.nn import functional as F

from models.hand.hand_data import load_open_hand
from models.networks.complexity import count_mult_adds
from models.networks.encoders.landmark_net import INPUT_SIZE, InvertedResidual, LandmarkNet
from models.training.student.crops import RealCropsShown, StudentCrops, held_out_pairs
from models.training.student.pruning import prune
from models.training.student.trainer import Teacher, validation
from tools.command import command
from tools.train.smaller_encoder import TEACHER, encoder_of

_TOGETHER = 16  # channels that a processor multiplies at once


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="which channels the landmark encoder needs least")
    parser.add_argument("--real", type=Path, required=True, metavar="CROPS")
    parser.add_argument("--backgrounds", type=Path, required=True, metavar="PICTURES")
    parser.add_argument("--network", default=TEACHER, help="a mobrecon_lm (default: %(default)s)")
    parser.add_argument("--fractions", type=float, nargs="+", default=[0.9, 0.75, 0.5], metavar="0..1")
    parser.add_argument("--batches", type=int, default=24, help="of 16 crops, to prune by")
    parser.add_argument("--validated", type=int, default=64, help="held-out crops of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if min(options.batches, options.validated) < 1 or not all(0 < f < 1 for f in options.fractions):
        parser.error("expected --batches and --validated above 0, --fractions between 0 and 1")
    os.environ.setdefault("LP_NUM_THREADS", "0")  # a software renderer would take every core
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    run(options)


@torch.no_grad()
def run(options: argparse.Namespace) -> None:
    """Print the table."""
    (net, scores), hand = encoder_of(options.network), load_open_hand()
    if net.input_size != INPUT_SIZE:
        raise ValueError(f"{options.network}: expected an encoder of crops of {INPUT_SIZE} pixels")
    kept_out = RealCropsShown(options.real, held_out=True)
    pairs = dict(held_out_pairs(kept_out, hand, net.input_size, options.validated))
    wanted = {name: Teacher(net, scores)(pair.teacher) for name, pair in pairs.items()}
    shown = RealCropsShown(options.real, held_out=False)
    with closing(StudentCrops(shown, [], hand, options.backgrounds, net.input_size, options.seed)) as crops:
        xs = [F.relu6(net.stem(crops.batch(k, 16).student)) for k in range(options.batches)]
    whole_m = _mult_adds_m(net)
    print(
        f"{'block':>5} {'channels':>8} {'kept':>5} {'Mult-Adds':>10}  off, % of the box: " + ", ".join(pairs)
    )
    for k, block in enumerate(net.blocks):
        assert isinstance(block, InvertedResidual)
        full = [block(x) for x in xs]
        for fraction in options.fractions if block.expand is not None else []:
            n = max(1, round(fraction * net.hidden[k] / _TOGETHER)) * _TOGETHER
            if n < net.hidden[k]:
                fewer = with_block(net, k, n, xs, full)
                off = [validation(fewer, pairs[name], wanted[name])[0] for name in pairs]
                saved = _mult_adds_m(fewer) - whole_m
                said = " ".join(f"{d:.2f}" for d in off)
                print(f"{k:5} {net.hidden[k]:8} {n:5} {saved:8.1f} M  {said}", flush=True)
        xs = full


def with_block(net: LandmarkNet, k: int, channels: int, xs: list[Tensor], full: list[Tensor]) -> LandmarkNet:
    """The encoder with its k-th block pruned, which is shown maps xs and should answer `full`."""
    hidden = (*net.hidden[:k], channels, *net.hidden[k + 1 :])
    fewer = LandmarkNet(net.input_size, hidden).eval()
    others = {n: v for n, v in net.state_dict().items() if not n.startswith(f"blocks.{k}.")}
    fewer.load_state_dict(others, strict=False)
    part, whole = fewer.blocks[k], net.blocks[k]
    assert isinstance(part, InvertedResidual)
    assert isinstance(whole, InvertedResidual)
    prune(part, whole, xs, full)
    return fewer


def _mult_adds_m(net: LandmarkNet) -> float:
    return count_mult_adds(net, torch.zeros(1, 3, net.input_size, net.input_size)) / 1e6


if __name__ == "__main__":
    raise SystemExit(main())
