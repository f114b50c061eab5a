"""Put trained weights into assets/weights: as 16-bit floats where that costs nothing, and as an ONNX graph.

    python -m tools.build.weights mobrecon_lm out/train/mobrecon_lm/best.safetensors
    python -m tools.build.weights hamr_lm before.safetensors after.safetensors      the mean of both
    python -m tools.build.weights tang_lm
    python -m tools.build.manifest

The graph saves a user the export, and the app from importing torch. Networks that have this one's weights on
another encoder get theirs made anew, too. Without a file graphs alone are made anew, from the weights that
are there. The card, NAME.md, is written by hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from app.errors import UserError
from models.inference.export import example_crop, export_onnx
from models.manifest import ASSETS
from models.networks.network import NetworkOutput
from models.networks.zoo import attach_scores, build, declared, encoder_weights, networks
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


def keep(name: str, weights: Sequence[Path], out: Path) -> None:
    """Write a network's weights, the mean of those in the files, into the folder, rounded if that is free."""
    network = build(name, trained=False)
    states = []
    for file in weights:
        load_weights(network, file, encoder_weights(name))
        states.append({key: value.clone() for key, value in network.state_dict().items()})
    state = states[0]
    for key in (key for key, value in state.items() if value.is_floating_point()):
        state[key] = torch.stack([other[key] for other in states]).mean(0)
    network.load_state_dict(state)
    exact, size = answer(network), int(network.input_size)  # type: ignore[arg-type]
    shared = declared(name).encoder_of is not None  # the encoder is in that network's file, as it is
    own = {key for key in state if not (shared and key.startswith(ENCODER))}
    halved = {k: v.half() if k in own and v.is_floating_point() else v for k, v in state.items()}
    network.load_state_dict({key: v.float() if v.is_floating_point() else v for key, v in halved.items()})
    rounded = answer(network)
    px = (exact.joints_2d - rounded.joints_2d).abs().max().item() * size
    mm = 1000 * (exact.vertices_m - rounded.vertices_m).abs().max().item()
    free = px < _PX and mm < _MM
    verdict = "taken" if free else "refused"
    print(f"16 bits, {verdict}: they change a joint by {px:.3f} px, a vertex by {mm:.3f} mm at most")
    kept = halved if free else state
    save_file({key: kept[key] for key in sorted(own)}, out / f"{name}.safetensors")


def export(name: str, out: Path) -> None:
    """Write a network's graph into the folder that its weights are in."""
    network = build(name, trained=False)
    load_weights(network, out / f"{declared(name).decoder_of or name}.safetensors", encoder_weights(name))
    attach_scores(network, name)
    difference = export_onnx(network, out / f"{name}.onnx")
    print(f"{name}.onnx differs from torch by {difference:.1e}")


@command
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="a network of the zoo")
    parser.add_argument("weights", type=Path, nargs="*", help="its weights, as training writes them")
    parser.add_argument("--out", type=Path, default=ASSETS / "weights")
    options = parser.parse_args()
    decoder = declared(options.name).decoder_of
    there = options.out / f"{decoder or options.name}.safetensors"
    if not options.weights and not there.is_file():
        raise UserError(f"{options.name}: {there} is missing; give the file of its weights, too")
    if decoder is not None and options.weights:
        raise UserError(f"{options.name} has the weights of {decoder}: give no file, or that one's name")
    if options.weights:
        keep(options.name, options.weights, options.out)
    sharing = [network.name for network in networks().values() if network.decoder_of == options.name]
    for name in (options.name, *sharing):
        export(name, options.out)


if __name__ == "__main__":
    raise SystemExit(main())
