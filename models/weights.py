"""Weights by the manifest: what file, whose, under which licence, and is it the very file that was listed.

assets/manifest.json, written by tools/build_manifest.py, holds
{"files": {name: {"sha256", "licence", "source", ...}}}, names as seen from assets/. Weights are safetensors:
reading one runs no code. A user's own weights need no entry; they are given by path.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # reading the manifest must not cost an import of torch
    from torch import nn

ASSETS = Path(__file__).resolve().parents[1] / "assets"


class ChangedAsset(ValueError):
    """A file of the manifest is not the one that was listed."""


@dataclass(frozen=True)
class Asset:
    """One file of the manifest."""

    path: Path
    sha256: str
    licence: str
    source: str

    def check(self) -> None:
        """Raise FileNotFoundError or ChangedAsset unless the file is there and is the one listed."""
        if not self.path.is_file():
            raise FileNotFoundError(f"{self.path}: missing; restore it with git, or rebuild it with tools/")
        found = _sha256(self.path, self.path.stat().st_mtime_ns)
        if found != self.sha256:
            raise ChangedAsset(
                f"{self.path}: sha256 is {found}, the manifest says {self.sha256}; restore the file with git"
            )


@cache
def _sha256(path: Path, _mtime_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_manifest(assets: Path = ASSETS) -> dict[str, Asset]:
    """The manifest's entries by their path relative to `assets`."""
    path = assets / "manifest.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {
            name: Asset(assets / name, e["sha256"], e["licence"], e["source"]) for name, e in entries.items()
        }
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f'{path}: expected {{"files": {{name: {{"sha256", "licence", "source"}}}}}}; {error!r}'
        ) from error


def find_weights(name: str, assets: Path = ASSETS) -> Asset | None:
    """The weights shipped under a network's name, or None if there are none (a manifest is not required)."""
    if not (assets / "manifest.json").is_file():
        return None
    return read_manifest(assets).get(f"weights/{name}.safetensors")


def with_weights(names: Iterable[str], assets: Path = ASSETS) -> tuple[str, ...]:
    """Those of the networks whose weights ship. Reads the manifest only; none where it can't be read.

    What is wrong with a manifest is said where it is needed: by `doctor`, and as weights are loaded.
    """
    try:
        listed = read_manifest(assets)
    except (OSError, ValueError):
        return ()
    return tuple(name for name in names if f"weights/{name}.safetensors" in listed)


def load_weights(network: nn.Module, weights: Asset | Path) -> None:
    """Fill the network with weights; every key must fit, neither missing nor left over.

    An Asset is checked against its sha256 first; a Path is a user's own file. Stored as 16-bit floats or
    32-bit ones, they arrive in the network's own precision.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = weights.path if isinstance(weights, Asset) else weights
    if isinstance(weights, Asset):
        weights.check()
    elif not path.is_file():
        raise FileNotFoundError(f"{path}: no such weights file")
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path}: not a safetensors file ({error})") from error
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
