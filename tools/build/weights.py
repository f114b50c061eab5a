"""Put trained weights into assets/weights: as 16-bit floats where that costs nothing, and as an ONNX graph.

    python -m tools.build.weights mobrecon_lm out/train/mobrecon_lm/best.safetensors
    python -m tools.build.manifest

The graph saves a user the export, and the app from importing torch. The card, NAME.md, is written by hand.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from models.inference.export import example_crop, export_onnx
from models.manifest import ASSETS
from models.networks.network import NetworkOutput
from models.networks.zoo import attach_scores, build, declared, encoder_weights
from models.weights import ENCODER, load_weights
from tools.command import command

_PX, _MM = 0.15, 0.2
"""Largest change of a joint in the crop and of a vertex by rounding that counts as nothing."""


def answer(network: nn.Module) -> NetworkOutput:
    """What a network says of the example crop."""
    size = int(network.input_size)  # type: ignore[arg-type]
    with torch.no_grad():
        output: NetworkOutput = network(
            torch.from_numpy(example_crop(size)).permute(0, 3, 1, 2).float() / 255
        )
    return output


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="a network of the zoo")
    parser.add_argument("weights", type=Path, help="its weights, as `main.py train` writes them")
    parser.add_argument("--out", type=Path, default=ASSETS / "weights")
    options = parser.parse_args()
    network = build(options.name, trained=False)
    load_weights(network, options.weights, encoder_weights(options.name))
    exact, size = answer(network), int(network.input_size)  # type: ignore[arg-type]
    state = {name: value.clone() for name, value in network.state_dict().items()}
    halved = {name: v.half() if v.is_floating_point() else v for name, v in state.items()}
    network.load_state_dict({name: v.float() if v.is_floating_point() else v for name, v in halved.items()})
    rounded = answer(network)
    px = (exact.joints_2d - rounded.joints_2d).abs().max().item() * size
    mm = 1000 * (exact.vertices_m - rounded.vertices_m).abs().max().item()
    free = px < _PX and mm < _MM
    verdict = "taken" if free else "refused"
    print(f"16 bits, {verdict}: they change a joint by {px:.3f} px, a vertex by {mm:.3f} mm at most")
    if not free:
        network.load_state_dict(state)
    kept = halved if free else state
    if declared(options.name).encoder_of is not None:  # the encoder is in that network's file
        kept = {name: value for name, value in kept.items() if not name.startswith(ENCODER)}
    save_file(kept, options.out / f"{options.name}.safetensors")
    attach_scores(network, options.name)
    difference = export_onnx(network, options.out / f"{options.name}.onnx")
    print(f"{options.name}.onnx differs from torch by {difference:.1e}")


if __name__ == "__main__":
    raise SystemExit(main())
