"""Build assets/detector/hand_landmarker.task from the two networks in MediaPipe's 0.10.21 wheel.

    python -m tools.build.detector [--wheel FILE]

MediaPipe's Tasks API wants a bundle (a stored zip) of a palm detector and a landmark network; its own wheels
stopped carrying models after 0.10.21. Without --wheel, that wheel is fetched with pip. The result is the same
byte for byte on every machine: entries in a fixed order, a fixed date, no compression.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from models.manifest import ASSETS
from tools.command import command

OUT_DIR = ASSETS / "detector"
REQUIREMENT = "mediapipe==0.10.21"
LICENCE = "mediapipe-0.10.21.dist-info/LICENSE"
NETWORKS = {  # name in the bundle: (name in the wheel, sha256)
    "hand_detector.tflite": (
        "mediapipe/modules/palm_detection/palm_detection_full.tflite",
        "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
    ),
    "hand_landmarks_detector.tflite": (
        "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
        "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
    ),
}
ALIGNMENT = 4  # bytes; MediaPipe maps aligned networks in place instead of copying them
PADDING_ID = 0xD935  # extra-field id which zip tools use for alignment


def fetch_wheel(folder: Path) -> Path:
    """Download the wheel into `folder` with pip and return its path."""
    # The networks are the same in every build of this version, so the platform is fixed for all machines.
    where = ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *where, "-d", str(folder)]
    subprocess.run([*command, REQUIREMENT], check=True)
    return next(folder.glob("mediapipe-*.whl"))


def read_networks(wheel: Path) -> tuple[dict[str, bytes], bytes]:
    """The two networks by their names in the bundle, checked against their sha256, and the licence text."""
    networks = {}
    with zipfile.ZipFile(wheel) as z:
        for name, (inner, expected) in NETWORKS.items():
            networks[name] = z.read(inner)
            found = hashlib.sha256(networks[name]).hexdigest()
            if found != expected:
                raise ValueError(f"{inner}: expected sha256 {expected}, got {found}; is this {REQUIREMENT}?")
        return networks, z.read(LICENCE)


def write_bundle(path: Path, networks: dict[str, bytes]) -> None:
    """Write a stored zip in which each entry's data begins at a multiple of ALIGNMENT bytes."""
    with path.open("wb") as f, zipfile.ZipFile(f, "w", zipfile.ZIP_STORED) as z:
        for name, data in networks.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            header = 30 + len(name.encode()) + 4  # local header, name, the padding field's own header
            pad = -(f.tell() + header) % ALIGNMENT
            info.extra = PADDING_ID.to_bytes(2, "little") + pad.to_bytes(2, "little") + bytes(pad)
            z.writestr(info, data)


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", type=Path, help=f"the {REQUIREMENT} wheel, if already here")
    parser.add_argument("--out", type=Path, default=OUT_DIR, help="folder to write to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        networks, licence = read_networks(options.wheel or fetch_wheel(Path(folder)))
    options.out.mkdir(parents=True, exist_ok=True)
    write_bundle(options.out / "hand_landmarker.task", networks)
    (options.out / "LICENSE").write_bytes(licence)
    for path in sorted(options.out.iterdir()):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.stat().st_size:8d}  {path.name}")


if __name__ == "__main__":
    raise SystemExit(main())
