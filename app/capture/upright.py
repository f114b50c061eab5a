"""A decoded frame as it is meant to be shown: square pixels, turned and mirrored, on white."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

_PIXEL_ASPECTS = (0.25, 4.0)  # what lies outside is damage; it would ask for gigabytes
_UNSAID = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED
_SD_WH = (1280, 576)  # of this width on, and above this height, television is of high definition


def upright_rgb(frame: av.VideoFrame, pixel_aspect: Fraction | None) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a frame, as its pixel aspect, its display matrix and its transparency say."""
    width = frame.width
    if pixel_aspect and pixel_aspect != 1 and _PIXEL_ASPECTS[0] <= pixel_aspect <= _PIXEL_ASPECTS[1]:
        width = max(1, round(width * float(pixel_aspect)))
    clear = has_alpha(frame)
    pixels = frame.to_ndarray(
        format="rgba" if clear else "rgb24",
        width=width,
        height=frame.height,
        src_colorspace=_matrix_of(frame),
    )
    image = np.asarray(pixels, np.uint8)
    return np.ascontiguousarray(_turned(_on_white(image) if clear else image, frame), np.uint8)


def _matrix_of(frame: av.VideoFrame) -> int | None:
    """What its luma and chroma are made of, where it doesn't say: by its size, as players take it."""
    unsaid = frame.colorspace == _UNSAID and not frame.format.is_rgb
    return Colorspace.ITU709 if unsaid and (frame.height > _SD_WH[1] or frame.width >= _SD_WH[0]) else None


def has_alpha(frame: av.VideoFrame) -> bool:
    """Whether parts of it may be transparent."""
    return frame.format.name == "pal8" or any(component.is_alpha for component in frame.format.components)


def _on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) of (H, W, 4): what lies under transparent pixels is no part of a picture."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _turned(image: NDArray[np.uint8], frame: av.VideoFrame) -> NDArray[np.uint8]:
    """By the display matrix: of all turns by right angles, mirrored or not, the nearest."""
    try:
        data: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # it carries what PyAV has no name for yet: EXIF, a second eye's picture
        return np.rot90(image, round(frame.rotation / 90))
    numbers = np.zeros(0, np.int32) if data is None else np.frombuffer(data, np.int32)
    if len(numbers) != 9:
        return image
    # A pixel (p, q) is shown at (a p + c q, b p + d q).
    a, b, _, c, d, *_ = numbers.tolist()
    if abs(a) + abs(d) < abs(b) + abs(c):
        image, a, d = image.swapaxes(0, 1), c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
