"""A picture for the README, of tiles that show frames of clips."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import cv2
import numpy as np

from app.render.gl.context import choose_platform
from models.types import UInt8

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "assets" / "clips" / "demo.mp4"
WARM_UP = 20  # frames over which light, film and place settle before the picture

Tile = UInt8  # (H, W, 3) RGB


class InClip(Protocol):
    """What a tile shows is in a frame of a clip."""

    @property
    def clip(self) -> str: ...  # "demo", or a file of --clips


Shot = TypeVar("Shot", bound=InClip)


def draw_tiles(
    doc: str | None,
    name: str,
    shots: Sequence[Shot],
    clip_tiles: Callable[[Path, list[Shot]], dict[Shot, Tile]],
    columns: int,
    quality: int,
) -> int:
    """The whole of a tool that writes assets/pictures/`name`; clip_tiles: makes the tiles of one clip."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True, help="the folder of counting.mp4 and reach.mp4")
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "pictures" / name)
    arguments = parser.parse_args()
    choose_platform()
    tiles: dict[Shot, Tile] = {}
    for clip in dict.fromkeys(shot.clip for shot in shots):
        path = DEMO if clip == "demo" else arguments.clips / clip
        tiles |= clip_tiles(path, [shot for shot in shots if shot.clip == clip])
    rows = [np.hstack([tiles[s] for s in shots[k : k + columns]]) for k in range(0, len(shots), columns)]
    picture = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(arguments.out), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e3:.0f} kB")
    return 0
