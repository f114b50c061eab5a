"""The camera's response: how soft, noisy and blurred its pictures are, applied to a rendered layer."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from models.types import Float32, Float64, UInt8

SHUTTER = 0.4  # of the time between frames that the shutter is open
LONGEST_PX = 16.0  # no motion blur is longer
MEMORY_S = 0.5
SOFTENING_S = 4.0  # edges that are soft by themselves come into view: only slowly is the lens blamed for them
EVERY_S = 0.1
_SHARPEST_PX, _SOFTEST_PX = 0.45, 1.6  # a lens is never as sharp as a renderer; softer is a smudge
_REBLUR_PX = 1.0
_SLOPE_PX = 0.58  # standard deviation of the square, two pixels wide, that central differences average over
_EDGE = 6.0  # grey levels a pixel: weaker slopes are no edges
_RIDGE = 0.4  # of the steepest: what is less steep is an edge's flank
_LEAST = 24  # edge pixels that tell something
_PIXEL_PX = 0.29  # standard deviation of a square pixel: what the renderer's own averaging softens by
_NOISIEST = 7.0  # grey levels
_SECOND = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_MEAN_OF_LOWER = 0.397  # of the lower 60 % of the absolute values of noise of deviation one
_MOST_PX = 256  # to a side of what is looked at: the middle tells as much as all
_TILE = 512
_TILE_LEVELS = 50.0


class CameraResponse:
    """A running estimate of a camera's point spread and noise around what is drawn."""

    def __init__(self) -> None:
        self._time_s = -np.inf
        self.blur_px = _SHARPEST_PX  # standard deviation of the point spread
        self.noise = 0.0  # standard deviation of the noise, grey levels

    def update(self, part_rgb: UInt8, time_s: float) -> None:
        """Look at the part of a frame (H, W, 3) around what will be drawn, every EVERY_S."""
        dt = time_s - self._time_s
        if 0 <= dt < EVERY_S or min(part_rgb.shape[:2]) < 8:
            return
        self._time_s = time_s
        again = 0 <= dt < 1
        y, x = (max(0, (size - _MOST_PX) // 2) for size in part_rgb.shape[:2])
        middle = np.ascontiguousarray(part_rgb[y : y + _MOST_PX, x : x + _MOST_PX])
        grey = cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY).astype(np.float32)
        blur = edge_blur(grey)
        if blur is not None:
            blur = float(np.clip(blur, _SHARPEST_PX, _SOFTEST_PX))
            keep = np.exp(-dt / (SOFTENING_S if blur > self.blur_px else MEMORY_S)) if again else 0.0
            self.blur_px = float(keep * self.blur_px + (1 - keep) * blur)
        keep = np.exp(-dt / MEMORY_S) if again else 0.0
        self.noise = float(keep * self.noise + (1 - keep) * min(noise_level(grey), _NOISIEST))


def edge_blur(grey: Float32) -> float | None:
    """Standard deviation, pixels, of the blur of a picture's sharper edges; None without edges.

    grey: (H, W), 0..255. Zhuo and Sim, "Defocus map estimation from a single image" (2011): a step of blur s
    that is blurred again by r loses slope in the ratio sqrt(1 + r^2 / s^2).
    """
    slopes = [slope(grey), slope(np.asarray(cv2.GaussianBlur(grey, (0, 0), _REBLUR_PX), np.float32))]
    many, most = np.percentile(slopes[0][::3], [95, 99.5])
    steep = slopes[0] > max(_EDGE, many, _RIDGE * most)
    if steep.sum() < _LEAST:
        return None
    ratio = np.maximum(slopes[0][steep] / np.maximum(slopes[1][steep], 1e-3), 1.02)
    squared = np.percentile(_REBLUR_PX**2 / (ratio**2 - 1), 30) - _SLOPE_PX**2
    return float(np.sqrt(max(squared, 0.0)))


def slope(grey: Float32) -> Float32:
    """(H, W) steepness, grey levels a pixel, from central differences."""
    right, down = (cv2.Sobel(grey, cv2.CV_32F, *d, ksize=1, scale=0.5) for d in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(right, down), np.float32)


def noise_level(grey: Float32) -> float:
    """Standard deviation of the noise in a picture (H, W), its edges left out (after Immerkaer 1996)."""
    second = np.abs(cv2.filter2D(grey, cv2.CV_32F, _SECOND))[::2].ravel()
    lower = int(0.6 * len(second))
    return float(np.partition(second, lower)[:lower].mean()) / (6 * _MEAN_OF_LOWER)


def motion_blur_kernel(motion_px: Float64) -> Float32 | None:
    """The spread of a point that moves by (2,) pixels in the exposure; None where it hardly moves."""
    length = float(np.hypot(*motion_px))
    if length < 0.7:
        return None
    end = motion_px * min(1.0, LONGEST_PX / length) / 2
    reach = int(np.ceil(np.abs(end).max())) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for fraction in np.linspace(-1, 1, 4 * reach + 1):
        x, y = reach + fraction * end
        x0, y0 = int(x), int(y)
        for dx in (0, 1):
            for dy in (0, 1):
                weight = abs(1 - dx - x + x0) * abs(1 - dy - y + y0)
                kernel[min(y0 + dy, 2 * reach), min(x0 + dx, 2 * reach)] += weight
    return kernel / kernel.sum()


def margin_px(blur_px: float, motion_px: Float64) -> int:
    """How far beyond what is drawn a layer reaches once the response is applied, pixels."""
    return 3 + int(np.ceil(2 * blur_px + min(float(np.abs(motion_px).max()), LONGEST_PX) / 2))


def apply_response(rgba: UInt8, blur_px: float, motion_px: Float64, noise: float, time_s: float) -> UInt8:
    """Premultiplied RGBA (H, W, 4), rendered sharp and clean, as that camera would have recorded it.

    motion_px: (2,) by which it moved while the shutter was open. time_s: chooses the noise.
    """
    kernel = motion_blur_kernel(motion_px)
    if kernel is not None:
        rgba = np.asarray(cv2.filter2D(rgba, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)
    sigma = float(np.sqrt(max(blur_px**2 - _PIXEL_PX**2, 0.1)))
    side = 2 * int(np.ceil(2 * sigma)) + 1
    rgba = np.asarray(cv2.GaussianBlur(rgba, (side, side), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8)
    if noise < 0.3:
        return rgba
    height, width = rgba.shape[:2]
    y, x = (int(abs(time_s) * s) % (_TILE // 2) for s in (7919.0, 104729.0))
    alpha = cv2.extractChannel(rgba, 3)
    lighter, darker = (
        cv2.multiply(side[y : y + height, x : x + width], alpha, scale=noise / (255 * _TILE_LEVELS))
        for side in _noise_tiles(-(-(y + height) // _TILE), -(-(x + width) // _TILE))
    )
    none = np.zeros_like(alpha)
    noisy = cv2.add(rgba, cv2.merge([lighter] * 3 + [none]))
    noisy = cv2.subtract(noisy, cv2.merge([darker] * 3 + [none]))
    return np.asarray(cv2.min(noisy, cv2.merge([alpha] * 4)), np.uint8)


@lru_cache(maxsize=4)
def _noise_tiles(down: int, across: int) -> tuple[UInt8, UInt8]:
    """Each of so many tiles of (_TILE, _TILE): what noise as soft as a camera's adds, and takes; of deviation
    _TILE_LEVELS."""
    raw = np.random.default_rng(0).standard_normal((_TILE, _TILE)).astype(np.float32)
    soft = cv2.GaussianBlur(raw, (0, 0), 0.6)
    levels = np.rint(_TILE_LEVELS / soft.std() * soft)
    lighter, darker = (np.clip(side, 0, 255).astype(np.uint8) for side in (levels, -levels))
    return np.tile(lighter, (down, across)), np.tile(darker, (down, across))
