"""Draw a test set of synthetic hands with full truth: the same pictures and truth from the same seed.

    python -m tools.build.synthetic_test --out DIR [--count 500] [--seed 20260] [--size 320]
    python main.py evaluate --data synthetic:DIR --model fit,mobrecon_lm

The seed is none that `main.py train` draws from unless it is told so. Hands that are more than half hidden
are left out: of them nothing can be known. `models/datasets/synthetic.py` says how the folder looks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from models.hand.hand_data import load_open_hand
from models.training.synthetic.crops import SyntheticCrops
from models.training.synthetic.sampler import SyntheticHands
from tools.command import command

SEED = 20260
_BATCH = 50
_SEEN = 0.5  # of the hand's pixels


@command
def main(arguments: list[str] | None = None) -> None:
    """Write the folder; 2 and one line where that can't be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--count", type=int, default=500, help="hands (default: 500)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of everything drawn (default: {SEED})")
    parser.add_argument("--size", type=int, default=320, help="side of a picture, pixels (default: 320)")
    parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="pictures to draw hands before")
    a = parser.parse_args(arguments)
    if a.count < 1 or a.size < 32 or a.seed < 0:
        parser.error("--count from 1, --size from 32 and --seed from 0 up are possible")
    build(a.out, a.count, a.seed, a.size, a.backgrounds)
    print(f"{a.out}: {a.count} hands")


def build(out: Path, count: int, seed: int, size: int, backgrounds: Path | None = None) -> None:
    """`count` hands of `size` px in a folder. Raises OSError, ValueError, NoGraphics."""
    out.mkdir(parents=True, exist_ok=True)
    source = SyntheticHands(load_open_hand(), side_px=size, backgrounds=backgrounds, seed=seed)
    rows: list[tuple[str, list[float], np.ndarray, np.ndarray]] = []
    try:
        number = 0
        while len(rows) < count:
            crops = source.crops(number, min(count, _BATCH), labelled=True)
            for k in fit_to_judge(crops)[: count - len(rows)]:
                _write_pictures(crops, k, out, f"{len(rows):05d}")
                rows.append(_truth(crops, k, size))
            number += 1
    finally:
        source.close()
    side, intrinsics, joints_m, vertices_m = (np.array(column) for column in zip(*rows, strict=True))
    np.savez_compressed(
        out / "truth.npz", side=side, intrinsics=intrinsics, joints_m=joints_m, vertices_m=vertices_m
    )


def fit_to_judge(crops: SyntheticCrops) -> np.ndarray:
    """The rows that show a hand, at least half of it."""
    assert crops.visible is not None
    shown = (crops.visible * (crops.mask > 0.5)).sum((1, 2)) / np.maximum((crops.mask > 0.5).sum((1, 2)), 1)
    return np.flatnonzero(crops.present & (shown > _SEEN))


def _write_pictures(crops: SyntheticCrops, k: int, out: Path, name: str) -> None:
    assert crops.parts is not None
    picture = np.round(crops.images[k].cpu().permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    for suffix, image in (("", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)), ("_parts", crops.parts[k])):
        (out / f"{name}{suffix}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())


def _truth(crops: SyntheticCrops, k: int, size: int) -> tuple[str, list[float], np.ndarray, np.ndarray]:
    """Side, intrinsics, joints and vertices; a left hand's truth is its mirror image's, mirrored."""
    focal, middle = float(crops.focal[k]) * size, (size - 1) / 2
    mirror = np.array([-1, 1, 1] if crops.mirrored[k] else [1, 1, 1], np.float32)
    side = "left" if crops.mirrored[k] else "right"
    return side, [focal, focal, middle, middle], crops.joints_m[k] * mirror, crops.vertices_m[k] * mirror


if __name__ == "__main__":
    raise SystemExit(main())
