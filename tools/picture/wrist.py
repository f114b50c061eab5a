"""Draw assets/pictures/wrist.jpg: bangle, chain and watch on the demo clip's hand.

python -m tools.picture.wrist
"""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from app.capture import DEMO_CLIP, open_file
from app.effects import make_effect
from app.effects.wrist import WristSettings
from app.effects.wrist_pieces import PIECES
from app.render.gl.context import choose_platform
from app.session import Settings
from app.session.drawing import load_compositor
from app.session.finder import load_pipeline, pipeline_config
from tools.command import command
from tools.picture.tiles import ROOT

FRAMES = (60, 200)  # the palm, the back
WARM_UP = 8
AROUND_PX = (150, 110)  # of the wrist, to both sides and up and down
TILE_WH = (340, 250)
QUALITY = 90


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "pictures" / "wrist.jpg")
    arguments = parser.parse_args()
    choose_platform()
    settings = Settings()
    effects = [make_effect("wrist", WristSettings(piece)) for piece in PIECES]
    rows = []
    with (
        closing(load_compositor()) as compositor,
        closing(load_pipeline(pipeline_config(settings))) as pipeline,
    ):
        for k, frame in enumerate(open_file(DEMO_CLIP).frames()):
            if k > max(FRAMES):
                break
            if not any(0 <= last - k <= WARM_UP for last in FRAMES):
                continue
            height, width = frame.image_rgb.shape[:2]
            camera = settings.camera(width, height)
            hands = pipeline.process(frame.image_rgb, frame.time_s, camera).hands
            pictures = [
                compositor.compose(frame.image_rgb, hands, camera, effect, frame.time_s, frozenset())
                for effect in effects
            ]
            if k in FRAMES:
                wrist = hands[0].joints_2d_px[0]
                x, y = np.clip(wrist - AROUND_PX, 0, [width, height] - 2 * np.array(AROUND_PX)).astype(int)
                parts = [p[y : y + 2 * AROUND_PX[1], x : x + 2 * AROUND_PX[0]] for p in pictures]
                rows.append(np.hstack([cv2.resize(p, TILE_WH, interpolation=cv2.INTER_CUBIC) for p in parts]))
    picture = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(arguments.out), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    raise SystemExit(main())
