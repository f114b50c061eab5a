"""Networks' weights: by the manifest, or a user's own by path. Safetensors: reading one runs no code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.manifest import ASSETS, Asset, read_manifest

if TYPE_CHECKING:  # reading the manifest must not cost an import of torch
    from torch import Tensor, nn


ENCODER = "encoder."
"""How the names of a landmark encoder's weights begin in a network's file."""


def find_weights(name: str, assets: Path = ASSETS) -> Asset | None:
    """The weights shipped under a network's name, or None if there are none (a manifest is not required)."""
    if not (assets / "manifest.json").is_file():
        return None
    return read_manifest(assets).get(f"weights/{name}.safetensors")


def shipped_networks(assets: Path = ASSETS) -> tuple[str, ...]:
    """The networks that ship ready to run; parts of networks have no graph.

    Reads the manifest only, not torch's modules that declare networks; none where it can't be read.

    What is wrong with a manifest is said where it is needed: by `doctor`, and as weights are loaded.
    """
    try:
        listed = read_manifest(assets)
    except (OSError, ValueError):
        return ()
    return tuple(Path(file).stem for file in listed if file.startswith("weights/") and file.endswith(".onnx"))


def scores_of(encoder: str) -> str:
    """The name of the presence and handedness scores that were taught for a landmark encoder of this name."""
    return f"{encoder}_scores"


def load_weights(
    network: nn.Module, weights: Asset | Path, encoder: Asset | None = None, part: str = ""
) -> None:
    """Fill the network with weights; every key must fit, neither missing nor left over.

    An Asset is checked against its sha256 first; a Path is a user's own file. Stored as 16-bit floats or
    32-bit ones, they arrive in the network's own precision. encoder: a file whose encoder is taken where
    `weights` holds none. part: how the names of what is wanted begin, in a file that holds more than it.
    """
    path, state = _read(weights)
    if encoder is not None and not any(key.startswith(ENCODER) for key in state):
        state |= {key: value for key, value in _read(encoder)[1].items() if key.startswith(ENCODER)}
    if part and any(key.startswith(part) for key in state):
        state = {key.removeprefix(part): value for key, value in state.items() if key.startswith(part)}
    expected = network.state_dict()
    missing, extra = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    wrong = [k for k in expected.keys() & state.keys() if expected[k].shape != state[k].shape]
    if missing or extra or wrong:
        first = (missing + extra + sorted(wrong))[0]
        raise ValueError(
            f"{path}: not weights of this {type(network).__name__}: {len(missing)} tensors missing, "
            f"{len(extra)} unknown, {len(wrong)} of another shape, such as {first}"
        )
    network.load_state_dict(state, strict=True)


def _read(weights: Asset | Path) -> tuple[Path, dict[str, Tensor]]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = weights.path if isinstance(weights, Asset) else weights
    if isinstance(weights, Asset):
        weights.check()
    elif not path.is_file():
        raise FileNotFoundError(f"{path}: no such weights file")
    try:
        return path, load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path}: not a safetensors file ({error})") from error
