"""Layers over pictures: premultiplied RGBA, cut to what is drawn."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from app.render.viewport import Viewport
from models.types import UInt8


def blend(picture_rgb: UInt8, viewport: Viewport, rgba: UInt8) -> None:
    """Lay premultiplied RGBA (h, w, 4) over the viewport's part of a picture, in place."""
    part = picture_rgb[viewport.y : viewport.y + viewport.height, viewport.x : viewport.x + viewport.width]
    clear = cv2.merge([cv2.bitwise_not(cv2.extractChannel(rgba, 3))] * 3)
    part[:] = cv2.add(cv2.multiply(part, clear, scale=1 / 255), cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB))


def trimmed(viewport: Viewport, rgba: UInt8, margin_px: int) -> tuple[Viewport, UInt8]:
    """The part of a viewport and its RGBA (h, w, 4) that holds all that is drawn, and a margin."""
    x, y, w, h = cv2.boundingRect(cv2.extractChannel(rgba, 3))
    x0, y0 = max(x - margin_px, 0), max(y - margin_px, 0)
    part = rgba[y0 : y + h + margin_px, x0 : x + w + margin_px]
    if not w:
        part = rgba[:1, :1]
    height, width = part.shape[:2]
    return replace(viewport, x=viewport.x + x0, y=viewport.y + y0, width=width, height=height), part


def over(front: UInt8, back: UInt8) -> UInt8:
    """Premultiplied RGBA (h, w, 4) in front of another."""
    clear = cv2.merge([cv2.bitwise_not(cv2.extractChannel(front, 3))] * 4)
    return np.asarray(cv2.add(front, cv2.multiply(back, clear, scale=1 / 255)), np.uint8)
