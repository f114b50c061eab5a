"""Augmentation of photographs of hands: tone, resolution, blur, noise, compression, occluders.

For photographs, one at a time, on bytes with OpenCV: what the camera did is in them, a little is varied.
Drawn crops, which no camera took, go through a whole one in `models.training.synthetic.camera_effects`:
batches of tensors, in linear light, on any device. Both blur and add noise, but no line would serve both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.types import Float64

Image = NDArray[np.uint8]

_NOISE_SIDE = 768


@dataclass(frozen=True)
class AugmentConfig:
    """How often and how strongly. Chances 0..1; `max_*` is the largest draw."""

    gain: float = 0.08  # spread of the logarithm of a channel's gain: white balance
    gamma: float = 0.25  # spread of the logarithm of the exponent
    contrast: float = 0.15  # spread of contrast and, in 0..1, of brightness
    grey: float = 0.04  # chance of no colour
    low_resolution: float = 0.25  # chance of few pixels: a hand far from a webcam
    max_shrink: float = 3.0
    blur: float = 0.25  # chance of a soft or moving picture
    max_blur_px: float = 2.5
    noise: float = 0.5  # chance of noise
    max_noise: float = 16.0  # standard deviation, of 255
    jpeg: float = 0.2  # chance of compression
    worst_jpeg: int = 25
    occluder: float = 0.2  # chance of a patch in the way
    max_occluder: float = 0.3  # its largest side, in crop sides


class PhotoAugmenter:
    """Changes pictures. What it does depends on the generator it is given, and on nothing else."""

    def __init__(self, config: AugmentConfig | None = None) -> None:
        self.config = config or AugmentConfig()
        noise = np.random.default_rng(0).standard_normal((_NOISE_SIDE, _NOISE_SIDE, 3), np.float32)
        noise = noise + noise.mean(-1, keepdims=True)  # mostly grey, as after a camera's filters
        self._noise = np.asarray(np.clip(np.round(noise * 32), -127, 127), np.int8)  # 40 is one deviation

    def __call__(self, image_rgb: Image, other: Callable[[], Image], rng: np.random.Generator) -> Image:
        """A changed copy of (S, S, 3). other: called for a picture, RGB, to come in the way."""
        c, chance = self.config, rng.random(6)
        image = image_rgb.copy()
        if chance[0] < c.occluder:
            self._occlude(image, other, rng)
        if chance[1] < c.low_resolution:
            image = self._shrunk(image, rng)
        if chance[2] < c.blur:
            image = self._blurred(image, rng)
        image = np.asarray(cv2.LUT(image, self._tones(rng)), np.uint8)
        if chance[3] < c.grey:
            image = np.asarray(
                cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8
            )
        if chance[4] < c.noise:
            image = self._noisy(image, rng)
        if chance[5] < c.jpeg:
            quality = int(rng.integers(c.worst_jpeg, 90))
            data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        return image

    def _tones(self, rng: np.random.Generator) -> Image:
        """(256, 1, 3) white balance, gamma, contrast and brightness in one table."""
        c = self.config
        gain = np.exp(c.gain * rng.standard_normal(3).clip(-2, 2))
        gamma = np.exp(c.gamma * np.clip(rng.standard_normal(), -2, 2))
        contrast, brightness = c.contrast * rng.standard_normal(2).clip(-2, 2)
        x = (np.arange(256)[:, None] / 255) ** gamma * gain
        x = 0.5 + (x - 0.5) * (1 + contrast) + 0.5 * brightness
        return np.asarray(np.clip(np.round(255 * x), 0, 255), np.uint8)[:, None]

    def _shrunk(self, image: Image, rng: np.random.Generator) -> Image:
        size = image.shape[0]
        small = round(size / rng.uniform(1.2, self.config.max_shrink))
        shrunk = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(shrunk, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)

    def _blurred(self, image: Image, rng: np.random.Generator) -> Image:
        most = max(self.config.max_blur_px * image.shape[0] / 224, 1.0)
        if rng.random() < 0.5:
            return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 0.6 * most)), np.uint8)
        length = 2 * round(rng.uniform(1, most)) + 1
        return np.asarray(cv2.filter2D(image, -1, _streak(length, rng.uniform(0, np.pi))), np.uint8)

    def _noisy(self, image: Image, rng: np.random.Generator) -> Image:
        size = image.shape[0]
        x, y = rng.integers(0, _NOISE_SIDE - size, 2) if size < _NOISE_SIDE else (0, 0)
        noise = self._noise[y : y + size, x : x + size]
        strength = rng.uniform(0, self.config.max_noise) / 45
        return np.asarray(
            cv2.addWeighted(image, 1, noise.astype(np.int16), strength, 0, dtype=cv2.CV_8U), np.uint8
        )

    def _occlude(self, image: Image, other: Callable[[], Image], rng: np.random.Generator) -> None:
        """Lay an ellipse or a bar of another picture, or of one colour, over the image."""
        size = image.shape[0]
        centre = rng.uniform(0, size, 2)
        half = rng.uniform(0.05, self.config.max_occluder / 2, 2) * size
        mask = np.zeros((size, size), np.uint8)
        if rng.random() < 0.5:
            cv2.ellipse(
                mask, (tuple(centre), tuple(2 * half), float(rng.uniform(0, 180))), 255, -1, cv2.LINE_AA
            )
        else:
            corners = cv2.boxPoints((tuple(centre), tuple(2 * half), float(rng.uniform(0, 180))))
            cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 255, cv2.LINE_AA)
        if rng.random() < 0.5:
            cover = np.asarray(cv2.resize(other(), (size, size)), np.uint8)
        else:
            cover = np.broadcast_to(rng.integers(0, 256, 3).astype(np.uint8), image.shape)
        cv2.copyTo(np.ascontiguousarray(cover), mask, image)


def _streak(length: int, angle_rad: float) -> Float64:
    """(n, n) kernel of a straight movement, sum 1."""
    kernel = np.zeros((length, length), np.float32)
    middle, half = (length - 1) / 2, length / 2 * np.array([np.cos(angle_rad), np.sin(angle_rad)])
    a, b = np.round(middle - half).astype(int), np.round(middle + half).astype(int)
    cv2.line(kernel, tuple(a.tolist()), tuple(b.tolist()), 1.0, 1)
    return np.asarray(kernel / kernel.sum(), np.float64)
