"""What makes hands hard to find: framing that is off, the picture's edge, shadow and glare, painted skin."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.scores.crops import Image

Mask = NDArray[np.float32]  # (S, S) 0..1


def reframed(image: Image, mask: Mask, rng: np.random.Generator, most: float = 1.0) -> tuple[Image, Mask]:
    """The crop as one cut around a palm, or around joints a moment old, has it. most: 0..1, how far off."""
    size = image.shape[0]
    angle = rng.normal(0, 16) * most
    scale = float(np.exp(rng.uniform(np.log(0.68), np.log(1.3)) * most))
    M = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), angle, scale)
    M[:, 2] += rng.normal(0, 0.07, 2).clip(-0.15, 0.15) * most * size
    border = cv2.BORDER_CONSTANT if rng.random() < 0.5 else cv2.BORDER_REFLECT_101
    moved = cv2.warpAffine(image, M, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(moved, np.uint8), np.asarray(cv2.warpAffine(mask, M, (size, size)), np.float32)


def cut_by_edge(image: Image, mask: Mask, rng: np.random.Generator) -> tuple[Image, float]:
    """The frame ends across the crop: black beyond. Also the fraction of the hand that is left."""
    size = image.shape[0]
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.02, 0.35) * size
    y, x = np.mgrid[:size, :size].astype(np.float32) - (size - 1) / 2
    inside = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)) < distance
    left = float((mask * inside).sum() / max(float(mask.sum()), 1e-6))
    return image * inside[..., None].astype(np.uint8), left


def lit(image: Image, rng: np.random.Generator) -> Image:
    """In poor light or in glare, over- or underexposed, in one colour of light."""
    kind = rng.random()
    x = np.arange(256) / 255
    if kind < 0.6:  # dark, with the sensor's noise
        x = x ** rng.uniform(1.0, 1.6) * rng.uniform(0.12, 0.6)
    elif kind < 0.8:  # too bright
        x = np.clip(x * rng.uniform(1.3, 2.2) + rng.uniform(0, 0.15), 0, 1)
    else:  # flat
        x = 0.5 + (x - 0.5) * rng.uniform(0.25, 0.6) + rng.uniform(-0.2, 0.2)
    gains = np.exp(rng.normal(0, 0.15, 3))
    table = np.clip(255 * x[:, None] * gains, 0, 255).astype(np.uint8)[:, None]
    changed = np.asarray(cv2.LUT(image, table), np.uint8)
    noise = rng.normal(0, rng.uniform(0, 9), image.shape).astype(np.int16)
    return np.clip(changed.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def painted(image: Image, mask: Mask, rng: np.random.Generator) -> Image:
    """Henna or a tattoo: curled lines and dots in brown, black or blue, only where the hand is."""
    size = image.shape[0]
    ink = np.zeros((size, size), np.uint8)
    for _ in range(int(rng.integers(6, 28))):
        centre = rng.uniform(0.2, 0.8, 2) * size
        turns, reach = rng.uniform(0.5, 2.5), rng.uniform(0.02, 0.12) * size
        t = np.linspace(0, 2 * np.pi * turns, 40)
        radius = reach * t / t[-1]
        stretch = rng.uniform(0.4, 1.6, 2)
        curl = centre + np.stack([np.cos(t) * radius, np.sin(t) * radius], 1) * stretch
        cv2.polylines(
            ink, [np.round(curl * 8).astype(np.int32)], False, 255, int(rng.integers(1, 4)), cv2.LINE_AA, 3
        )
        if rng.random() < 0.5:
            at = np.round(centre + rng.normal(0, reach, 2)).astype(int)
            cv2.circle(ink, (int(at[0]), int(at[1])), int(rng.integers(1, 5)), 255, -1, cv2.LINE_AA)
    colour = np.array([[70, 30, 15], [25, 22, 24], [30, 40, 75]][int(rng.integers(3))], np.float32)
    alpha = (ink / np.float32(255) * mask * np.float32(rng.uniform(0.5, 0.95)))[..., None]
    return np.asarray(image * (1 - alpha) + colour * alpha, np.uint8)


def shadow_on(ground: Image, mask: Mask, rng: np.random.Generator) -> Image:
    """The shadow of a hand with this mask on a table or a wall: no hand."""
    size = ground.shape[0]
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    bent = corners + rng.normal(0, 0.12 * size, (4, 2)).astype(np.float32)
    H = cv2.getPerspectiveTransform(corners, bent)
    cast = cv2.warpPerspective(mask, H, (size, size))
    blur = rng.uniform(0.4, 7.0)
    soft = cv2.GaussianBlur(cast, (0, 0), blur)[..., None] * np.float32(rng.uniform(0.25, 0.9))
    tint = np.clip(1 - rng.uniform(0.75, 1.0) * np.exp(rng.normal(0, 0.06, 3)), 0, 1).astype(np.float32)
    return np.asarray(np.clip(ground * (1 - soft * (1 - tint)), 0, 255), np.uint8)


def touching(image: Image, mask: Mask, other: Image, its_mask: Mask, rng: np.random.Generator) -> Image:
    """Another hand beside, over or under the crop's own."""
    size = image.shape[0]
    M = cv2.getRotationMatrix2D(
        ((size - 1) / 2, (size - 1) / 2), rng.uniform(-180, 180), rng.uniform(0.75, 1.25)
    )
    away, angle = rng.uniform(0.3, 0.55) * size, rng.uniform(0, 2 * np.pi)
    M[:, 2] += away * np.array([np.cos(angle), np.sin(angle)])
    if rng.random() < 0.5:
        other, its_mask = np.ascontiguousarray(other[:, ::-1]), np.ascontiguousarray(its_mask[:, ::-1])
    pasted = cv2.warpAffine(other, M, (size, size))
    alpha = cv2.warpAffine(its_mask, M, (size, size))
    if rng.random() < 0.6:
        alpha = alpha * (1 - mask)  # it lies under
    alpha = alpha[..., None]
    return np.asarray(image * (1 - alpha) + pasted * alpha, np.uint8)
