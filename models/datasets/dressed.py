"""Hands cut out of photographs, dressed: gloves, rings, nail varnish; of darker and of lighter skin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.cutout import Cutout
from models.types import Float32

Dress = Callable[[Cutout, np.random.Generator], Cutout]
_GLOVES = ((40, 60, 160), (200, 210, 215), (45, 45, 48), (150, 60, 40), (70, 130, 80), (230, 200, 60))
_METALS = ((212, 175, 85), (200, 202, 206), (225, 170, 150))
_VARNISHES = ((180, 15, 35), (230, 60, 130), (35, 30, 60), (240, 235, 230), (60, 140, 170))
_TIPS, _RINGED = (4, 8, 12, 16, 20), (5, 9, 13, 17)  # joints; the rings' bones begin at the knuckles


def gloved(hand: Cutout, rng: np.random.Generator) -> Cutout:
    """In cloth or rubber of one colour: the hand's light and shade stay."""
    light = cv2.cvtColor(hand.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    usual = float(np.median(light[hand.alpha > 0.5]))
    shade = np.clip(light / max(usual, 1.0), 0.2, 1.8)[..., None]
    colour = np.array(_GLOVES[int(rng.integers(len(_GLOVES)))], np.float32)
    return _coloured(hand, shade * colour, hand.alpha)


def ringed(hand: Cutout, rng: np.random.Generator) -> Cutout:
    """Bands of metal around one to three fingers."""
    image = hand.image.copy()
    for knuckle in rng.choice(_RINGED, int(rng.integers(1, 4)), replace=False):
        a, b = hand.joints_px[knuckle], hand.joints_px[knuckle + 1]
        bone = b - a
        length = max(float(np.linalg.norm(bone)), 1e-3)
        at, half = a + 0.62 * bone, 0.25 * length * np.array([-bone[1], bone[0]]) / length
        ends = [np.round(at + s * half).astype(int).tolist() for s in (-1, 1)]
        metal = _METALS[int(rng.integers(len(_METALS)))]
        cv2.line(image, ends[0], ends[1], metal, max(round(0.16 * length), 1), cv2.LINE_AA)
        if rng.random() < 0.5:  # a stone
            cv2.circle(
                image, np.round(at).astype(int).tolist(), max(round(0.13 * length), 1), (235, 245, 255), -1
            )
    return _coloured(hand, image.astype(np.float32), hand.alpha)


def varnished(hand: Cutout, rng: np.random.Generator) -> Cutout:
    """Nails of one colour, where the last bones end."""
    image, colour = hand.image.copy(), _VARNISHES[int(rng.integers(len(_VARNISHES)))]
    for tip in _TIPS:
        bone = hand.joints_px[tip] - hand.joints_px[tip - 1]
        length = float(np.linalg.norm(bone))
        at = hand.joints_px[tip] - 0.15 * bone
        axes = (max(0.36 * length, 1.0), max(0.24 * length, 1.0))
        box = (at.tolist(), axes, float(np.degrees(np.arctan2(bone[1], bone[0]))))
        cv2.ellipse(image, box, colour, -1, cv2.LINE_AA)
    return _coloured(hand, image.astype(np.float32), hand.alpha)


def darker(hand: Cutout, rng: np.random.Generator) -> Cutout:
    """Of dark skin."""
    tone = np.array([0.36, 0.29, 0.26]) * rng.uniform(0.75, 1.25)
    return _coloured(hand, np.asarray(hand.image * tone, np.float32), hand.alpha)


def lighter(hand: Cutout, rng: np.random.Generator) -> Cutout:
    """Of very light skin."""
    return _coloured(hand, np.asarray(255 - 0.45 * (255.0 - hand.image), np.float32), hand.alpha)


DRESSES: dict[str, Dress] = {
    "before another picture": lambda hand, rng: hand,
    "dark skin": darker,
    "very light skin": lighter,
    "gloves": gloved,
    "rings": ringed,
    "nail varnish": varnished,
}


def _coloured(hand: Cutout, image: Float32, where: NDArray[np.float32]) -> Cutout:
    weight = where[..., None]
    mixed = hand.image + weight * (image - hand.image)
    return replace(hand, image=np.clip(mixed, 0, 255).astype(np.uint8))
