"""Layers over pictures: premultiplied RGBA, cut to what is drawn."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.render.viewport import Window

Picture = NDArray[np.uint8]


def blend(picture_rgb: Picture, window: Window, rgba: Picture) -> None:
    """Lay premultiplied RGBA (h, w, 4) over the window's part of a picture, in place."""
    part = picture_rgb[window.y : window.y + window.height, window.x : window.x + window.width]
    clear = cv2.merge([cv2.bitwise_not(cv2.extractChannel(rgba, 3))] * 3)
    part[:] = cv2.add(cv2.multiply(part, clear, scale=1 / 255), cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB))


def trimmed(window: Window, rgba: Picture, margin_px: int) -> tuple[Window, Picture]:
    """The part of a window and its RGBA (h, w, 4) that holds all that is drawn, and a margin."""
    x, y, w, h = cv2.boundingRect(cv2.extractChannel(rgba, 3))
    x0, y0 = max(x - margin_px, 0), max(y - margin_px, 0)
    part = rgba[y0 : y + h + margin_px, x0 : x + w + margin_px]
    if not w:
        part = rgba[:1, :1]
    height, width = part.shape[:2]
    return replace(window, x=window.x + x0, y=window.y + y0, width=width, height=height), part


def over(front: Picture, back: Picture) -> Picture:
    """Premultiplied RGBA (h, w, 4) before another."""
    clear = cv2.merge([cv2.bitwise_not(cv2.extractChannel(front, 3))] * 4)
    return np.asarray(cv2.add(front, cv2.multiply(back, clear, scale=1 / 255)), np.uint8)
