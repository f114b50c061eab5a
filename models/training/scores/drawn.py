"""Drawn hands for the scores, right and left, made hard to find in many ways; and their shadows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.hand.hand_data import HandData
from models.inference.landmark_runtime import INPUT_SIZE
from models.training.real.photo import PhotoAugmenter
from models.training.real.pictures import Pictures, cut_square
from models.training.scores.crops import Image, ScoreCrop
from models.training.scores.disturb import Mask, cut_by_edge, lit, painted, reframed, shadow_on, touching
from models.training.synthetic.sampler import SyntheticHands

_BATCH = 32
_VIEWS = (1 / 3, 1 / 3)  # facing the camera, from the hemisphere; as many from anywhere
_LEAST_LEFT = 0.45  # of a hand that the picture's edge cuts: less is not asked of anyone
_NONE_LEFT = 0.08
_LEAST_CONTRAST = 6.0  # standard deviation of a crop with a hand, of 255: nobody sees less
_PHOTO = 0.3  # of the crops get more of a photograph's faults
_SHADOW, _SKIN = 0.12, 0.06  # fractions of the crops that show a hand's shadow, and skin but no hand


def drawn_crops(
    hand: HandData, backgrounds: Sequence[Path], count: int, seed: int, held_out_every: int = 20
) -> Iterator[ScoreCrop]:
    """`count` crops of drawn hands before these pictures. One seed gives the same crops.

    Raises ValueError where one is no picture, NoGraphics where OpenGL can't start.
    """
    synth = SyntheticHands(hand, side_px=INPUT_SIZE, backgrounds=backgrounds, seed=seed, views=_VIEWS)
    grounds = Pictures(backgrounds)
    photo = PhotoAugmenter()
    made = 0
    try:
        for number in range(-(-count // _BATCH)):
            crops = synth.crops(number, _BATCH)
            images = (crops.images.permute(0, 2, 3, 1).numpy() * 255).round().clip(0, 255).astype(np.uint8)
            rng = np.random.default_rng([seed, number, 7])
            for k in range(min(_BATCH, count - made)):
                other = int(rng.integers(_BATCH))
                ground = cut_square(grounds[int(rng.integers(len(grounds)))], INPUT_SIZE, rng)
                image, mask = images[k], np.ascontiguousarray(crops.mask[k], np.float32)
                present, right = bool(crops.present[k]), not bool(crops.mirrored[k])
                kind, source = rng.random(), "drawn"
                if not present:
                    right_known = None
                elif kind < _SHADOW:
                    image, present, right_known, source = shadow_on(ground, mask, rng), False, None, "shadow"
                    image, _ = reframed(image, mask, rng)
                elif kind < _SHADOW + _SKIN:
                    image, left = _aside(image, mask, rng)
                    if left > _NONE_LEFT:
                        continue
                    present, right_known, source = False, None, "skin"
                else:
                    second = (
                        (images[other], crops.mask[other]) if crops.present[other] and other != k else None
                    )
                    hard = _harder(image, mask, second, rng)
                    if hard is None:
                        continue
                    image, right_known = hard, right
                if rng.random() < _PHOTO:  # the renderer has a webcam's faults already
                    image = photo(image, lambda ground=ground: ground, rng)  # type: ignore[misc]
                if present and image.std() < _LEAST_CONTRAST:
                    continue
                made += 1
                yield ScoreCrop(image, present, right_known, source, number % held_out_every == 0)
    finally:
        synth.close()


def _harder(
    image: Image, mask: Mask, other: tuple[Image, Mask] | None, rng: np.random.Generator
) -> Image | None:
    """A crop with a hand, harder to read; None where too little of the hand was left."""
    chance = rng.random(5)
    if chance[0] < 0.15 and other is not None:
        image = touching(image, mask, other[0], np.ascontiguousarray(other[1], np.float32), rng)
    if chance[1] < 0.1:
        image = painted(image, mask, rng)
    if chance[2] < 0.5:
        image, mask = reframed(image, mask, rng)
    if chance[3] < 0.12:
        image, left = cut_by_edge(image, mask, rng)
        if left < _LEAST_LEFT:
            return None
    if chance[4] < 0.08:
        image = lit(image, rng)
    return image


def _aside(image: Image, mask: Mask, rng: np.random.Generator) -> tuple[Image, float]:
    """What lies beside the hand, such as the arm; and how much of the hand is still in the crop."""
    size = image.shape[0]
    angle = rng.uniform(0, 2 * np.pi)
    if rng.random() < 0.7:  # towards the arm
        angle = np.pi / 2 + rng.normal(0, 0.5)
    away = np.round(rng.uniform(0.4, 0.75) * size * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    pad = ((size, size), (size, size), (0, 0))
    wide = np.pad(image, pad, mode="reflect")
    wide_mask = np.pad(mask, pad[:2])
    x, y = size + int(away[0]), size + int(away[1])
    inside = wide_mask[y : y + size, x : x + size]
    part = wide[y : y + size, x : x + size]
    left = float(inside.sum() / max(float(mask.sum()), 1e-6))
    return np.ascontiguousarray(part), left
