"""Draw assets/pictures/ring_designs.jpg: band profiles, finishes, golds, cuts and settings, by our renderer.

python -m tools.picture.ring_designs
"""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from app.effects.ring.cuts import CUTS
from app.effects.ring.designs import build_design
from app.effects.ring.designs.bands import PROFILES
from app.effects.ring.finishes import FINISHES
from app.effects.ring.settings import RingSettings
from app.offline.thumbnails import HEAD_TILT, TILT, draw_ring
from app.render.gl.context import choose_platform
from app.session.drawing import load_compositor
from models.types import UInt8
from tools.command import command
from tools.picture.tiles import ROOT

RADIUS_M = 0.00865
TILE_PX = 150
QUALITY = 90

Tile = tuple[str, RingSettings]
ROWS: tuple[tuple[Tile, ...], ...] = (
    tuple((name, RingSettings(design=name)) for name in PROFILES),
    (
        *((name, RingSettings(design="court", finish=name, width_mm=6)) for name in FINISHES),
        ("hammered platinum", RingSettings(design="court", finish="hammered", metal="platinum", width_mm=6)),
        ("8 x 2.4 mm, satin", RingSettings(design="flat", finish="satin", width_mm=8, thickness_mm=2.4)),
    ),
    tuple(
        (name, RingSettings(design="court", metal=name))
        for name in ("gold", *(f"{hue} gold {carat}k" for hue in ("rose", "white") for carat in (18, 14, 9)))
    ),
    tuple((name, RingSettings(design="solitaire", cut=name, metal="platinum")) for name in CUTS),
    (
        *(
            (f"bezel, {cut}", RingSettings(design="bezel", cut=cut, stone=stone))
            for cut, stone in (("oval", "sapphire"), ("emerald", "emerald"), ("pear", "ruby"))
        ),
        ("bezel, marquise", RingSettings(design="bezel", cut="marquise", metal="silver")),
        ("channel", RingSettings(design="channel", metal="white gold 18k")),
        ("pave", RingSettings(design="pave", metal="rose gold 18k")),
        ("eternity", RingSettings(design="eternity", metal="platinum", stone="ruby")),
    ),
)


@command
def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "pictures" / "ring_designs.jpg")
    arguments = parser.parse_args()
    choose_platform()
    with closing(load_compositor()) as compositor:

        def tile(name: str, ring: RingSettings) -> UInt8:
            model = build_design(ring.design, RADIUS_M, ring.made)
            tilt = HEAD_TILT if ring.design in ("solitaire", "bezel") else TILT
            picture = draw_ring(compositor, model, ring, TILE_PX, tilt)
            place = (6, TILE_PX - 6)
            cv2.putText(picture, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.34, (50, 50, 50), 1, cv2.LINE_AA)
            return picture

        rows = [np.hstack([tile(*each) for each in row]) for row in ROWS]
    picture = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(arguments.out), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
