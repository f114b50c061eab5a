"""Draw assets/pictures/rings.jpg: every design on real hands, and several rings at once.

    python -m tools.picture.rings --clips DIR

DIR holds counting.mp4 (GitHub CoderEnko007/gesture-recognition, videos/hand.mp4, Apache-2.0) and reach.mp4
(GitHub google-ai-edge/mediapipe-samples, the hand landmarker's test_video.mp4, Apache-2.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.capture import open_file
from app.effects import Rings, RingSettings, make_effect
from app.session import Settings
from app.session.drawing import load_compositor
from app.session.finder import load_pipeline, pipeline_config
from models.types import HandMesh, UInt8
from tools.command import command
from tools.picture.tiles import WARM_UP, draw_tiles

TILE_WH = (340, 238)
COLUMNS = 3
QUALITY = 88


@dataclass(frozen=True)
class Shot:
    """One tile."""

    clip: str
    frame: int
    rings: tuple[RingSettings, ...]
    wide_px: int  # of the frame, that the tile shows
    joints: tuple[int, int]  # of the 21: the tile's middle is between them


def ring(design: str, metal: str, stone: str = "diamond", finger: str = "ring") -> RingSettings:
    """Fits the finger."""
    return RingSettings(finger=finger, design=design, metal=metal, stone=stone)  # type: ignore[arg-type]


DESIGNS_WORN = (
    ring("plain", "gold"),
    ring("signet", "rose gold"),
    ring("solitaire", "platinum"),
    ring("eternity", "gold", "ruby"),
    ring("twist", "gold"),
    ring("open", "silver"),
)
SHOTS = (
    *(Shot("counting.mp4", 186, (worn,), 230, (13, 14)) for worn in DESIGNS_WORN),
    Shot(
        "demo",
        166,
        (ring("solitaire", "gold", "sapphire"), ring("plain", "silver", finger="index")),
        230,
        (5, 14),
    ),
    Shot("counting.mp4", 140, (ring("solitaire", "rose gold", "emerald", "index"),), 210, (5, 6)),
    Shot("reach.mp4", 150, (ring("plain", "gold"), ring("eternity", "silver", finger="index")), 140, (6, 14)),
)


@command
def main() -> int:
    return draw_tiles(__doc__, "rings.jpg", SHOTS, clip_tiles, COLUMNS, QUALITY)


def clip_tiles(path: Path, shots: list[Shot]) -> dict[Shot, UInt8]:
    """The tiles of one clip, its frames looked at one after the other as `process` does."""
    settings = Settings()
    pipeline, compositor = load_pipeline(pipeline_config(settings)), load_compositor()
    effects = {shot: make_effect("ring", Rings(shot.rings)) for shot in shots}
    tiles = {}
    for k, frame in enumerate(open_file(path).frames()):
        height, width = frame.image_rgb.shape[:2]
        camera = settings.camera(width, height)
        hands = pipeline.process(frame.image_rgb, frame.time_s, camera).hands
        for shot in shots:
            if shot.frame - WARM_UP <= k <= shot.frame:
                picture = compositor.compose(
                    frame.image_rgb, hands, camera, effects[shot], frame.time_s, frozenset()
                )
                if k == shot.frame:
                    tiles[shot] = tile(picture, hands[0], shot)
        if len(tiles) == len(shots):
            break
    compositor.close()
    pipeline.close()
    return tiles


def tile(picture_rgb: UInt8, hand: HandMesh, shot: Shot) -> UInt8:
    """TILE_WH of a picture around a joint."""
    size = np.array([shot.wide_px, shot.wide_px * TILE_WH[1] / TILE_WH[0]])
    limit = np.array(picture_rgb.shape[1::-1]) - size
    x, y = np.clip(hand.joints_2d_px[list(shot.joints)].mean(0) - size / 2, 0, limit).astype(int)
    w, h = size.astype(int)
    part = picture_rgb[y : y + h, x : x + w]
    return np.asarray(cv2.resize(part, TILE_WH, interpolation=cv2.INTER_CUBIC), np.uint8)


if __name__ == "__main__":
    raise SystemExit(main())
