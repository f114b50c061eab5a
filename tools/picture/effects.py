"""Draw assets/pictures/effects.jpg: every effect but the rings, and the view from aside.

    python -m tools.picture.effects --clips DIR

DIR holds counting.mp4 and reach.mp4, as for tools.picture.rings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.capture import open_file
from app.effects import make_effect
from app.effects.skins import SkinSettings
from app.render.orbit import Orbit
from app.render.scene import EffectContext
from app.session import Settings
from app.session.drawing import load_compositor
from app.session.finder import load_pipeline, pipeline_config
from models.types import UInt8
from tools.command import command
from tools.picture.tiles import WARM_UP, draw_tiles

TILE_WH = (272, 204)
COLUMNS = 4
QUALITY = 82


@dataclass(frozen=True)
class Shot:
    """One tile."""

    clip: str
    frame: int
    effect: str
    settings: SkinSettings | None = None  # None: the usual
    left_top: tuple[int, int] = (0, 0)  # of what the tile shows, in the frame ..
    wide_px: int = 640  # .. and how wide it is
    aside: bool = False  # also from aside


SHOTS = (
    Shot("demo", 20, "band"),
    Shot("demo", 104, "ball"),
    Shot("reach.mp4", 120, "racket", left_top=(20, 15), wide_px=460),
    Shot("demo", 62, "walkie_talkie"),
    Shot("counting.mp4", 170, "water", left_top=(0, 270), wide_px=544),
    Shot("demo", 73, "water"),
    Shot("demo", 160, "skin", SkinSettings("clay")),
    Shot("demo", 161, "skin", SkinSettings("wireframe")),
    Shot("demo", 162, "skin", SkinSettings("xray")),
    Shot("counting.mp4", 171, "skin", SkinSettings("fingers"), left_top=(0, 330), wide_px=544),
    Shot("demo", 120, "skin", SkinSettings("depth")),
    Shot("demo", 22, "none", aside=True, left_top=(60, 45), wide_px=580),
)


@command
def main() -> int:
    return draw_tiles(__doc__, "effects.jpg", SHOTS, clip_tiles, COLUMNS, QUALITY)


def clip_tiles(path: Path, shots: list[Shot]) -> dict[Shot, UInt8]:
    """The tiles of one clip, its frames looked at one after the other as `process` does."""
    settings = Settings()
    pipeline, compositor = load_pipeline(pipeline_config(settings)), load_compositor()
    effects = {shot: make_effect(shot.effect, shot.settings) for shot in shots}
    tiles = {}
    for k, frame in enumerate(open_file(path).frames()):
        height, width = frame.image_rgb.shape[:2]
        camera, now = settings.camera(width, height), frame.time_s
        hands = pipeline.process(frame.image_rgb, now, camera).hands
        for shot in shots:
            if k < shot.frame - WARM_UP:
                effects[shot].place(EffectContext(frame.image_rgb, hands, camera, now))
            elif k <= shot.frame:
                picture = compositor.compose(frame.image_rgb, hands, camera, effects[shot], now, frozenset())
                if shot.aside:
                    compositor.draw_aside(picture, frame.image_rgb, hands, camera, Orbit(), now)
                if k == shot.frame:
                    tiles[shot] = tile(picture, shot)
        if len(tiles) == len(shots):
            break
    compositor.close()
    pipeline.close()
    return tiles


def tile(picture_rgb: UInt8, shot: Shot) -> UInt8:
    """TILE_WH of a picture."""
    x, y = shot.left_top
    part = picture_rgb[y : y + shot.wide_px * TILE_WH[1] // TILE_WH[0], x : x + shot.wide_px]
    return np.asarray(cv2.resize(part, TILE_WH, interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    raise SystemExit(main())
