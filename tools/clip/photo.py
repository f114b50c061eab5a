"""From rendered light to a photograph: laying a hand over a picture, tone, lens blur and noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.types import Float32
from tools.clip.hand_renderer import Layer


@dataclass(frozen=True)
class CameraResponse:
    """What the camera adds."""

    lens_blur_px: float = 0.55  # standard deviation of the point spread, for hand and background alike
    noise: float = 0.0045  # standard deviation of the noise in middle grey, of the whole range
    shoulder: float = 0.55  # light above this is compressed towards white


def to_linear(image_rgb: NDArray[np.uint8]) -> Float32:
    """sRGB bytes -> linear light 0..1, float32."""
    x = image_rgb.astype(np.float32) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_srgb(linear: NDArray[np.floating]) -> Float32:
    """Linear light -> sRGB values 0..1, float32, clipped."""
    x = np.clip(linear, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055).astype(np.float32)


def mean_layer(layers: list[Layer]) -> Layer:
    """Several moments of one exposure as one: motion blur. Depth and parts are those of the middle one."""
    middle = layers[len(layers) // 2]
    rgb = np.stack([layer.rgb for layer in layers]).mean(0)
    mask = np.stack([layer.mask for layer in layers]).mean(0)
    return Layer(rgb, mask, middle.depth_m, middle.parts)


def apply_response(
    layer: Layer, background_rgb: NDArray[np.uint8], response: CameraResponse, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The layer over a background (H, W, 3) as one photograph (H, W, 3) uint8.

    Errors: ValueError when the sizes differ.
    """
    if background_rgb.shape != layer.rgb.shape:
        raise ValueError(f"background: expected shape {layer.rgb.shape}, got {background_rgb.shape}")
    mask = layer.mask[..., None]
    light = layer.rgb / np.maximum(mask, 1e-3)
    shoulder, room = response.shoulder, 1 - response.shoulder
    bright = shoulder + room * (1 - np.exp(-(np.maximum(light, shoulder) - shoulder) / room))
    light = np.where(light > shoulder, bright, light)
    picture = light * mask + to_linear(background_rgb) * (1 - mask)
    if response.lens_blur_px > 0:
        picture = cv2.GaussianBlur(picture, (0, 0), response.lens_blur_px)
    shown = to_srgb(picture)
    luma = shown.mean(-1, keepdims=True)
    # Noise is mostly grey, strongest in the middle tones, and a little softer than a pixel.
    noise = rng.standard_normal((*shown.shape[:2], 1), np.float32) + 0.5 * rng.standard_normal(
        shown.shape, np.float32
    )
    noise = cv2.GaussianBlur(noise, (0, 0), 0.6) * response.noise * 2.0
    shown = shown + noise * (0.4 + 2.4 * luma * (1 - luma))
    return np.clip(np.round(shown * 255), 0, 255).astype(np.uint8)
