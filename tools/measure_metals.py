"""Print how our gold compares with real gold rings on phone photographs, in the same light.

    python -m tools.measure_metals --closeups PHOTOS [--metal gold] [--sheet FILE.jpg]

Our ring is tried on in photographs in which somebody wears a gold one, on the same finger just above it, as
wide. Compared are the pixels in the middle of both bands: luminance (linear) and saturation (HSV's) in the
median, and those of the highlights (the brightest tenth). The middle of each real band was marked by hand.
By the first seven photographs the metals were chosen; the further nine were looked for afterwards.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from app.capture import open_file
from app.effects import Rings, RingSettings, make_effect
from app.effects.ring.fit import Finger
from app.effects.ring.metals import METALS
from app.output import save_picture
from app.render.gl.context import choose_platform
from app.render.opening import open_compositor
from app.render.scene import EffectContext, Prop
from models.geometry import camera_from_fov
from models.hand.hand_data import load_open_hand
from models.tracking.pipeline import Pipeline, PipelineConfig
from models.types import UInt8
from tools.command import command
from tools.measure_occlusion import GLOW

POSITION = 0.62  # along the segment: a little above where the real ones are worn
SOLID = 200  # of 255: pixels that are nearly all ring


@dataclass(frozen=True)
class RealRing:
    """A photograph and three points along the middle of its band, pixels."""

    file: str
    finger: Finger
    left: tuple[float, float]
    middle: tuple[float, float]
    right: tuple[float, float]
    width_mm: float = 2.5


CHOSEN_BY = (
    RealRing("IMG-20230312-WA0648.jpg", "index", (54.3, 99.5), (67.2, 94.5), (79.7, 92.7), 3.0),
    RealRing("IMG-20230312-WA0650.jpg", "index", (59.5, 99.2), (71.6, 97.7), (84.4, 98.0), 3.0),
    RealRing("IMG-20230312-WA0649.jpg", "index", (61.6, 102.0), (74.4, 99.2), (86.2, 97.9), 3.0),
    RealRing("IMG-20230312-WA0695.jpg", "index", (109.0, 146.0), (118.8, 147.2), (127.9, 148.4)),
    RealRing("IMG-20230312-WA0680.jpg", "index", (61.8, 111.7), (72.7, 110.6), (83.2, 110.2)),
    RealRing("IMG-20230312-WA0683.jpg", "index", (57.7, 120.0), (67.5, 118.2), (77.8, 116.7)),
    RealRing("IMG-20230312-WA0691.jpg", "index", (109.8, 141.2), (118.4, 141.6), (128.3, 142.2)),
)
FURTHER = (
    RealRing("IMG-20230312-WA0646.jpg", "index", (71.5, 105.5), (81.0, 103.0), (90.5, 101.5), 3.0),
    RealRing("IMG-20230312-WA0647.jpg", "index", (60.0, 99.5), (70.5, 96.5), (80.5, 94.0), 3.0),
    RealRing("IMG-20230312-WA0681.jpg", "index", (49.0, 118.0), (60.0, 116.5), (69.0, 112.0)),
    RealRing("IMG-20230312-WA0682.jpg", "index", (77.0, 109.0), (86.0, 107.5), (95.0, 105.5)),
    RealRing("IMG-20230312-WA0684.jpg", "index", (72.0, 125.5), (80.0, 123.5), (88.0, 121.5)),
    RealRing("IMG-20230312-WA0690.jpg", "index", (101.5, 144.0), (111.0, 145.0), (120.5, 144.5)),
    RealRing("IMG-20230312-WA0692.jpg", "index", (105.5, 152.0), (114.5, 153.5), (124.0, 152.0)),
    RealRing("IMG-20230312-WA0693.jpg", "index", (103.5, 142.5), (112.5, 144.0), (121.5, 143.5)),
    RealRing("IMG-20230312-WA0697.jpg", "index", (111.0, 141.0), (119.5, 142.5), (127.5, 141.5)),
)
CLOSE = 0.15  # of luminance and saturation, in the median


def look(pixels_rgb: UInt8) -> list[float]:
    """Of (N, 3) sRGB: luminance and saturation in the median, and those of the highlights."""
    rgb = pixels_rgb.astype(np.float64) / 255
    light = rgb**2.2 @ (0.2126, 0.7152, 0.0722)
    saturation = 1 - rgb.min(1) / np.maximum(rgb.max(1), 1e-3)
    bright = light >= np.quantile(light, 0.9)
    return [
        float(np.median(light)),
        float(np.median(saturation)),
        float(light[bright].mean()),
        float(saturation[bright].mean()),
    ]


def real_pixels(image_rgb: UInt8, ring: RealRing) -> UInt8:
    """(N, 3) of the band, a pixel to each side of its middle, without its ends."""
    t = np.linspace(0.08, 0.92, 60)[:, None]
    a, b, c = (np.array(p) for p in (ring.left, ring.middle, ring.right))
    line = (1 - t) * (1 - 2 * t) * a + 4 * t * (1 - t) * b + t * (2 * t - 1) * c
    mask = np.zeros(image_rgb.shape[:2], np.uint8)
    cv2.polylines(mask, [np.round(line).astype(np.int32)], False, 1, 2)
    return image_rgb[mask > 0]


def try_on(frame_rgb: UInt8, ring: RealRing, metal: str) -> tuple[UInt8, UInt8] | None:
    """The picture with our ring, and (N, 3) of our band; None where no hand is found."""
    camera = camera_from_fov(frame_rgb.shape[1], frame_rgb.shape[0])
    with closing(Pipeline(PipelineConfig(max_hands=1))) as pipeline:
        hands = pipeline.process(frame_rgb, 0.0, camera).hands
    if not hands:
        return None
    settings = RingSettings(ring.finger, position=POSITION, metal=metal, width_mm=ring.width_mm)
    effect = make_effect("ring", Rings((settings,)))
    with closing(open_compositor(load_open_hand())) as compositor:  # the last photograph's light is in it
        picture = compositor.compose(frame_rgb, hands, camera, effect, 0.0)
        items = effect.place(EffectContext(frame_rgb, hands, camera, 0.0))
        glowing = [replace(item, material=GLOW, opacity=1.0) for item in items if isinstance(item, Prop)]
        viewport, rgba = compositor.layer(frame_rgb, hands, glowing, camera, 0.0) or (None, None)
    if viewport is None or rgba is None:
        return None
    solid = rgba[..., :3].min(-1) > SOLID
    return picture, picture[viewport.y :, viewport.x :][: len(solid), : solid.shape[1]][solid]


def tile(picture_rgb: UInt8, ring: RealRing) -> UInt8:
    """(192, 192, 3): both rings, large."""
    x, y = (round(v) for v in ring.middle)
    grown = cv2.copyMakeBorder(picture_rgb, 24, 24, 24, 24, cv2.BORDER_REPLICATE)
    large = cv2.resize(grown[y : y + 48, x : x + 48], (192, 192), interpolation=cv2.INTER_CUBIC)
    return large.astype(np.uint8)


@command
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--closeups", type=Path, required=True, metavar="PHOTOS")
    parser.add_argument("--metal", choices=METALS, default="gold")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="the real rings, and ours beside them")
    options = parser.parse_args(arguments)
    choose_platform()
    rows = [compare(options.closeups, options.metal, rings) for rings in (CHOSEN_BY, FURTHER)]
    if options.sheet:
        sheet = np.zeros((sum(len(row) for row in rows), max(row.shape[1] for row in rows), 3), np.uint8)
        for top, row in zip(np.cumsum([0, *(len(row) for row in rows)]), rows, strict=False):
            sheet[top : top + len(row), : row.shape[1]] = row
        save_picture(options.sheet, sheet)


def compare(photos: Path, metal: str, rings: tuple[RealRing, ...]) -> UInt8:
    """Print both rings' figures for each photograph, and the medians. Returns the real rings above ours."""
    tiles, ratios, close = list[UInt8](), list[list[float]](), list[str]()
    print("luminance; saturation; the same of the highlights: real, ours, ours over real")
    for ring in rings:
        frame = next(iter(open_file(photos / ring.file).frames())).image_rgb
        tried = try_on(frame, ring, metal)
        if tried is None:
            print(f"{ring.file}: no hand is found")
            continue
        picture, ours = tried
        tiles.append(np.vstack([tile(frame, ring), tile(picture, ring)]))
        pairs = list(zip(look(real_pixels(frame, ring)), look(ours), strict=True))
        ratios.append([b / a for a, b in pairs])
        if all(abs(ratio - 1) <= CLOSE for ratio in ratios[-1][:2]):
            close.append(Path(ring.file).stem)
        cells = (f"{a:.2f} {b:.2f} {b / a:.2f}" for a, b in pairs)
        print(f"{ring.file}, {len(ours)} px: {'; '.join(cells)}")
    print("median of ours over real:", np.round(np.median(ratios, axis=0), 2))
    print(f"within {CLOSE:.0%} in both medians: {len(close)} of {len(rings)} ({', '.join(close)})")
    return np.hstack(tiles)


if __name__ == "__main__":
    raise SystemExit(main())
