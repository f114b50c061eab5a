"""How large the channels get that an encoder's dense convolutions read: what it needs to run in bytes.

    python -m tools.build.ranges tang_lm tang_lm_192 mobrecon_lm_192 --real CROPS --backgrounds PICTURES
    python -m tools.build.manifest

Shows each network's graph crops of hands, photographed and drawn, and writes assets/weights/ranges.json; what
it says of other networks stays. A graph that is made anew needs its ranges anew: until then it isn't run in
bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
from openvino import opset13 as op

from models.hand.hand_data import load_open_hand
from models.inference.engines import INPUT
from models.inference.fewer_bits.halves import cut_encoder
from models.inference.fewer_bits.int8 import dense_inputs
from models.inference.openvino_options import cpu_options
from models.manifest import ASSETS
from models.training.student.crops import RealCropsShown, StudentCrops
from models.types import Float32
from tools.command import command

_OF_A_MAP, _OF_CROPS = 0.999, 0.98
"""Which quantile of a channel in one crop, and of that over all crops, is how large it gets."""


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", metavar="NAME", help="networks whose graphs ship")
    parser.add_argument("--real", type=Path, required=True, metavar="CROPS")
    parser.add_argument("--backgrounds", type=Path, required=True, metavar="PICTURES")
    parser.add_argument("--batches", type=int, default=12, help="of 16 crops (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ASSETS / "weights")
    options = parser.parse_args()
    if options.batches < 1:
        parser.error("--batches: expected 1 or more")
    cv2.setNumThreads(1)
    file = options.out / "ranges.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for name in options.names:
        graph = options.out / f"{name}.onnx"
        if not graph.is_file():
            raise ValueError(f"{graph}: no such graph; make it with tools.build.weights")
        found[name] = {
            "graph": hashlib.sha256(graph.read_bytes()).hexdigest(),
            "ranges": [[round(float(v), 3) for v in block] for block in _ranges(graph, options)],
        }
        print(f"{name}: {len(found[name]['ranges'])} blocks", flush=True)
    file.write_text(json.dumps(found) + "\n", encoding="utf-8")


def _ranges(graph: Path, options: argparse.Namespace) -> list[Float32]:
    """(channels,) of each block."""
    encoder = cut_encoder(graph)
    asked = ov.Model([op.result(output) for output in dense_inputs(encoder)], encoder.get_parameters())
    network = ov.Core().compile_model(asked, "CPU", cpu_options(1))
    size = int(network.input(INPUT).shape[1])
    real, hand = RealCropsShown(options.real, held_out=False), load_open_hand()
    sizes: list[list[Float32]] = [[] for _ in network.outputs]
    with closing(StudentCrops(real, [], hand, options.backgrounds, size, options.seed)) as crops:
        for number in range(options.batches):
            shown = crops.batch(number, 16).student.permute(0, 2, 3, 1).numpy()
            for crop in (shown * 255).round().astype(np.uint8):
                for of_block, output in zip(sizes, network(crop[None]).values(), strict=True):
                    flat = np.abs(output[0]).reshape(output.shape[1], -1)
                    of_block.append(np.quantile(flat, _OF_A_MAP, axis=1))
    return [np.quantile(np.stack(of_block), _OF_CROPS, axis=0) for of_block in sizes]


if __name__ == "__main__":
    raise SystemExit(main())
