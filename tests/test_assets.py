"""Every file under assets/ is in the manifest, unchanged, with a licence."""

import hashlib
import json
from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "assets"
FREE = {"Apache-2.0", "CC0-1.0", "MIT", "Public Domain"}
NAMED = {"pictures/real_gold.jpg": "CC-BY-4.0"}  # free for whoever names its authors, as its page does


def test_manifest_covers_every_asset() -> None:
    files = json.loads((ASSETS / "manifest.json").read_text())["files"]
    present = {p.relative_to(ASSETS).as_posix() for p in ASSETS.rglob("*") if p.is_file()} - {"manifest.json"}
    assert present == set(files), "run `python -m tools.build.manifest`"
    for name, entry in files.items():
        digest = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()
        assert digest == entry["sha256"], f"{name} changed: run `python -m tools.build.manifest`"
        assert entry["licence"] in FREE or entry["licence"] == NAMED.get(name), name
        assert entry["source"], name
