"""The files that ship, by the manifest: whose, under which licence, and is it the very file that was listed.

assets/manifest.json, written by tools/build/manifest.py, holds
{"files": {name: {"sha256", "licence", "source", ...}}}, names as seen from assets/.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "assets"


class ChangedAsset(ValueError):
    """A file that ships is not the one that was listed, or the list itself is damaged."""


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
    """The manifest's entries by their path relative to `assets`. Raises OSError, ChangedAsset."""
    path = assets / "manifest.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {
            name: Asset(assets / name, e["sha256"], e["licence"], e["source"]) for name, e in entries.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChangedAsset(
            f'{path}: expected {{"files": {{name: {{"sha256", "licence", "source"}}}}}}; {error!r}'
        ) from error


def shipped(path: Path) -> Path:
    """A file of assets/, once it is seen to be whole. Raises FileNotFoundError, ChangedAsset.

    A file that is not listed is given back as it is.
    """
    if path.is_relative_to(ASSETS):
        listed = read_manifest(ASSETS).get(path.relative_to(ASSETS).as_posix())
        if listed is not None:
            listed.check()
    return path
