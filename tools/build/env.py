"""Build assets/env/*.npz, the light that metal reflects, from the CC0 worlds in Debian's blender-data.

    apt-get download blender-data && dpkg -x blender-data_*.deb /tmp/blender
    python -m tools.build.env /tmp/blender/usr/share/blender/datafiles/studiolights/world

Each world (an equirectangular HDR panorama, made by Greg Zaal, CC0) is reduced to 256 x 128, brought to a
mean radiance of one, and convolved with the GGX lobe for five roughnesses, so that a shader looks up what a
rough metal reflects with one fetch.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from models.manifest import ASSETS
from models.types import Float32
from tools.command import command

OUT_DIR = ASSETS / "env"
WORLDS = ("interior", "studio", "courtyard", "city", "sunset")
ROUGHNESS = (0.0, 0.25, 0.5, 0.75, 1.0)  # one level each, every level half the size of the one before
WIDTH = 256
LAMP_DEG = -130.0  # from straight ahead of the camera: behind it, to the left
BRIGHTEST = 60.0  # times the mean: a lamp smaller than a pixel would sparkle as the hand turns
NOTE = """The maps in this folder are reductions of HDR panoramas by Greg Zaal (hdrihaven.com, now
polyhaven.com), dedicated to the public domain under CC0 1.0, as shipped by Blender (Debian
package blender-data). Made by tools/build/env.py.
"""


def read_panorama(path: Path) -> Float32:
    """(H, W, 3) linear RGB radiance of an OpenEXR file."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    return np.ascontiguousarray(frame.to_ndarray()[..., :3], np.float32)


def directions(height: int) -> tuple[Float32, Float32]:
    """Of an equirectangular picture's pixels: unit vectors (h * 2h, 3), y up, and solid angles (h * 2h,)."""
    theta = (np.arange(height) + 0.5) / height * np.pi
    phi = (np.arange(2 * height) + 0.5) / (2 * height) * 2 * np.pi - np.pi
    t, p = np.meshgrid(theta, phi, indexing="ij")
    vectors = np.stack([np.sin(t) * np.sin(p), np.cos(t), -np.sin(t) * np.cos(p)], -1)
    solid = np.sin(t) * (np.pi / height) ** 2
    return vectors.reshape(-1, 3).astype(np.float32), solid.ravel().astype(np.float32)


def prefiltered(panorama: Float32, roughness: float, height: int) -> Float32:
    """(height, 2 * height, 3): what a mirror of this GGX roughness reflects when looked at straight.

    The first sum of Karis' split-sum approximation (SIGGRAPH 2013 course "Real Shading in Unreal Engine 4"),
    done here by brute force over all pixels instead of by sampling.
    """
    out_vectors, _ = directions(height)
    source_height = min(2 * height, panorama.shape[0])
    source = cv2.resize(panorama, (2 * source_height, source_height), interpolation=cv2.INTER_AREA)
    in_vectors, solid = directions(source_height)
    radiance = source.reshape(-1, 3)
    alpha2 = roughness**4
    out = np.empty((len(out_vectors), 3), np.float32)
    for i in range(0, len(out), 1024):
        cos_l = out_vectors[i : i + 1024] @ in_vectors.T
        cos_h2 = (1 + cos_l) / 2  # the half vector halves the angle
        weight = np.maximum(cos_l, 0) * solid / (1 - cos_h2 * (1 - alpha2)) ** 2
        out[i : i + 1024] = weight @ radiance / weight.sum(1, keepdims=True)
    return out.reshape(height, 2 * height, 3)


def lamp_to_camera_side(panorama: Float32) -> Float32:
    """The same world turned until its brightest part stands at LAMP_DEG: polished metal facing the camera
    mirrors what is behind the camera, and looks dull if that is a dark wall."""
    width = panorama.shape[1]
    light = np.minimum(panorama.mean(-1), BRIGHTEST * panorama.mean()).sum(0)
    angle = (np.arange(width) + 0.5) / width * 2 * np.pi
    brightest = np.angle((light**2 * np.exp(1j * angle)).sum())
    wanted = np.radians(180 + LAMP_DEG)  # the panorama's first column is behind the camera
    return np.roll(panorama, round(float(wanted - brightest) / (2 * np.pi) * width), axis=1)


def build(panorama: Float32) -> list[Float32]:
    """The levels of one world, sharpest first."""
    panorama = lamp_to_camera_side(panorama)
    base: Float32 = np.asarray(
        cv2.resize(panorama, (WIDTH, WIDTH // 2), interpolation=cv2.INTER_AREA), np.float32
    )
    _, solid = directions(WIDTH // 2)
    for _ in range(8):  # clipping the brightest lowers the mean
        mean = float((base.mean(-1).ravel() * solid).sum() / solid.sum())
        base = np.minimum(base / mean, BRIGHTEST).astype(np.float32)
    heights = [WIDTH // 2 >> k for k in range(len(ROUGHNESS))]
    return [base, *(prefiltered(base, r, h) for r, h in zip(ROUGHNESS[1:], heights[1:], strict=True))]


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("worlds", type=Path, help="folder with blender-data's *.exr")
    parser.add_argument("--out", type=Path, default=OUT_DIR)
    args = parser.parse_args()
    missing = [name for name in WORLDS if not (args.worlds / f"{name}.exr").is_file()]
    if missing:
        raise ValueError(f"{args.worlds} has no {missing[0]}.exr; see this tool's first lines")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in WORLDS:
        levels = build(read_panorama(args.worlds / f"{name}.exr"))
        path = args.out / f"{name}.npz"
        arrays: dict[str, Any] = {f"level{k}": level.astype(np.float16) for k, level in enumerate(levels)}
        np.savez_compressed(path, **arrays)
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")
    (args.out / "LICENSE").write_text(NOTE)


if __name__ == "__main__":
    raise SystemExit(main())
