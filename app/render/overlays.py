"""The 2D skeleton, drawn with anti-aliased lines straight onto the picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from app.frame import Layer
from models.types import Float32, HandMesh, UInt8

FINGER_RGB = ((255, 176, 84), (255, 107, 120), (196, 122, 255), (86, 156, 255), (72, 219, 190))
PALM_RGB = (226, 232, 240)
OUTLINE_RGB = (16, 20, 28)
PALM_BONES = ((0, 1), (0, 5), (5, 9), (9, 13), (13, 17), (0, 17))
_AROUND_PX = 20  # joints are dots
_FRACTION = 4  # bits: cv2 draws between pixels


def draw_joints(picture_rgb: UInt8, hand: HandMesh) -> None:
    """Draw one hand's observed joints into a picture (H, W, 3), in place. Lines scale with the hand."""
    joints = np.clip(hand.joints_2d_px, -20000, 20000)  # cv2 counts in 32 bits
    size = float(np.ptp(joints, axis=0).max())
    thick = int(np.clip(round(size / 120), 1, 6))
    radius = float(np.clip(size / 75, 1.6, 14.0))
    bones = [(a, b, PALM_RGB) for a, b in PALM_BONES]
    bones += [(1 + 4 * f + k, 2 + 4 * f + k, FINGER_RGB[f]) for f in range(5) for k in range(3)]
    for grow, shade in ((2, OUTLINE_RGB), (0, None)):
        for a, b, rgb in bones:
            cv2.line(
                picture_rgb,
                _fixed(joints[a]),
                _fixed(joints[b]),
                shade or rgb,
                thick + grow,
                cv2.LINE_AA,
                _FRACTION,
            )
    for i, point in enumerate(joints):
        rgb = PALM_RGB if i == 0 else FINGER_RGB[(i - 1) // 4]
        for r, shade in ((radius + 1.2, OUTLINE_RGB), (radius, rgb), (0.45 * radius, (255, 255, 255))):
            cv2.circle(
                picture_rgb,
                _fixed(point),
                max(1, round(r * 2**_FRACTION)),
                shade,
                cv2.FILLED,
                cv2.LINE_AA,
                _FRACTION,
            )


def joints_layer(hand: HandMesh, width: int, height: int) -> Layer | None:
    """The same as a layer over a picture of this size; None where nothing of it is in the picture.

    Its alpha is what differs between the skeleton on black and on white.
    """
    low = np.floor(hand.joints_2d_px.min(0)).astype(int) - _AROUND_PX
    high = np.ceil(hand.joints_2d_px.max(0)).astype(int) + _AROUND_PX
    (x, y), (x1, y1) = np.clip(low, 0, [width, height]), np.clip(high, 0, [width, height])
    if min(x1 - x, y1 - y) < 1:
        return None
    moved = replace(hand, joints_2d_px=(hand.joints_2d_px - [x, y]).astype(np.float32))
    black, white = (np.full((y1 - y, x1 - x, 3), value, np.uint8) for value in (0, 255))
    draw_joints(black, moved)
    draw_joints(white, moved)
    alpha = 255 - (white - black).max(-1)
    return Layer(int(x), int(y), np.dstack([black, alpha]))


def _fixed(point: Float32) -> tuple[int, int]:
    x, y = np.rint(point * 2**_FRACTION).astype(int).tolist()
    return x, y
