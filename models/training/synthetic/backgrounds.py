"""What is behind a hand: a bank of pictures, drawn or from a folder.

Drawn backgrounds are rooms as webcams see them: walls and what hangs on them, windows, shelves, desks,
floors, and in half of them a person, whose face and clothes are what hands are most often seen before.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.types import Float32

UInt8 = NDArray[np.uint8]
SIDE = 256
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def background_bank(source: Path | Sequence[Path] | None, drawn: int = 128, seed: int = 0) -> UInt8:
    """(N, SIDE, SIDE, 3) RGB: `drawn` pictures of rooms, then those of a folder, or these files.

    Raises ValueError where a folder is given that holds no picture.
    """
    pictures = list(_drawn_backgrounds(drawn, seed))
    for path in _files(source) if isinstance(source, Path) else source or ():
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError(f"backgrounds: {path} is no picture; take it away")
        small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        pictures.append(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8))
    return np.stack(pictures)


def _files(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES)
    if not files:
        raise ValueError(f"backgrounds: {folder} holds no jpg, png or webp picture; give a folder that does")
    return files


@lru_cache(maxsize=1)
def _drawn_backgrounds(count: int, seed: int) -> tuple[UInt8, ...]:
    rng = np.random.default_rng(seed)
    return tuple(draw_background(rng) for _ in range(count))


def draw_background(rng: np.random.Generator) -> UInt8:
    """(SIDE, SIDE, 3) RGB, about a metre or two across."""
    picture = _wall(rng)
    if rng.random() < 0.35:
        _floor(picture, rng)
    for _ in range(rng.integers(0, 6)):
        _object(picture, rng)
    if rng.random() < 0.35:
        _window(picture, rng)
    picture = _blurred(picture, rng.uniform(0.4, 2.5))
    if rng.random() < 0.5:
        _person(picture, rng)
    if rng.random() < 0.3:
        _desk(picture, rng)
    lit = cv2.resize(np.exp(rng.normal(0, 0.22, (3, 3, 1))).astype(np.float32), (SIDE, SIDE))
    picture = _blurred(picture * lit[..., None], rng.uniform(0.3, 1.2))
    return np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


def _blurred(picture: Float32, sigma_px: float) -> Float32:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(sigma_px)), np.float32)


def _paint(rng: np.random.Generator, colourful: float = 0.25) -> Float32:
    """A colour as objects in rooms have it: from black to white, mostly grey or warm."""
    level = rng.choice([rng.uniform(8, 60), rng.uniform(60, 170), rng.uniform(150, 245)])
    tint = rng.normal(0, 0.6 * colourful, 3) + rng.normal(0, 0.08) * np.array([1, 0, -1])
    return np.clip(level * np.exp(tint - tint.mean()), 3, 250).astype(np.float32)


def _noise(rng: np.random.Generator, cells_x: int, cells_y: int) -> Float32:
    """(SIDE, SIDE, 1) smooth noise of about unit variance."""
    field = rng.standard_normal((max(cells_y, 2), max(cells_x, 2))).astype(np.float32)
    return np.asarray(cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.float32)[..., None]


def _wall(rng: np.random.Generator) -> Float32:
    base = np.empty((SIDE, SIDE, 3), np.float32)
    base[:] = _paint(rng, 0.12) if rng.random() < 0.8 else _paint(rng, 0.5)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    kind = rng.random()
    if kind < 0.12:  # tiles or bricks
        w, h = rng.uniform(14, 60), rng.uniform(10, 40)
        shifted = x + (y // h % 2) * w * float(rng.choice([0, 0.5]))
        joint = (shifted % w < rng.uniform(1, 3)) | (y % h < rng.uniform(1, 3))
        shade = rng.normal(1, 0.07, (64, 64)).astype(np.float32)
        base *= shade[(y // h).astype(int) % 64, (shifted // w).astype(int) % 64][..., None]
        base[joint] *= rng.uniform(0.6, 1.3)
    elif kind < 0.24:  # curtains, blinds, panels
        along, period = (x, rng.uniform(8, 50)) if rng.random() < 0.6 else (y, rng.uniform(5, 24))
        wave = np.sin(along * 2 * np.pi / period + 0.8 * _noise(rng, 4, 3)[..., 0])
        base *= (1 + rng.uniform(0.05, 0.25) * wave)[..., None]
    elif kind < 0.36:  # wood, cloth
        base *= 1 + 0.06 * _noise(rng, 4, 90) if rng.random() < 0.5 else 1 + 0.10 * _noise(rng, 90, 90)
    base *= 1 + 0.04 * _noise(rng, 12, 12)
    if rng.random() < 0.4:  # the corner of a room, or a column
        at = int(rng.uniform(0.1, 0.9) * SIDE)
        base[:, at:] *= rng.uniform(0.65, 1.25)
    return base


def _floor(picture: Float32, rng: np.random.Generator) -> None:
    top = int(rng.uniform(0.45, 0.85) * SIDE)
    grain = _noise(rng, 60, 8) if rng.random() < 0.6 else _noise(rng, 70, 70)
    colour = (
        np.array([150, 100, 55], np.float32) * rng.uniform(0.3, 1.5) if rng.random() < 0.6 else _paint(rng)
    )
    picture[top:] = (colour * (1 + 0.07 * grain))[top:]
    planks = np.arange(SIDE) % int(rng.integers(12, 40)) == 0
    picture[top:, planks] *= 0.75


def _object(picture: Float32, rng: np.random.Generator) -> None:
    """A shelf, a picture, a screen, a cupboard, a box: a shaded slab, with smaller ones in it."""
    w, h = (rng.uniform(0.06, 0.6, 2) ** 1.3 * SIDE).astype(int) + 4
    x, y = (rng.uniform(-0.1, 1.0, 2) * SIDE).astype(int)
    colour = _paint(rng, 0.45)
    slant = rng.normal(0, 0.05) * SIDE
    corners = np.array([[x, y], [x + w, y + slant], [x + w, y + h + slant], [x, y + h]], np.int32)
    shadow = corners + np.array([4, 5])
    dimmed = picture.copy()
    cv2.fillConvexPoly(dimmed, shadow, (float(picture.mean()) * 0.3,) * 3)
    cv2.addWeighted(dimmed, 0.45, picture, 0.55, 0, picture)
    cv2.fillConvexPoly(picture, corners, colour.tolist())
    kind = rng.random()
    if kind < 0.3:  # rows of books, bottles, keys
        rows = int(rng.integers(1, 5))
        for r in range(rows):
            at = x + 3
            while at < x + w - 3:
                wide = int(rng.integers(2, 10))
                top = y + int((r + rng.uniform(0.1, 0.45)) * h / rows)
                low = y + int((r + 0.95) * h / rows)
                cv2.rectangle(picture, (at, top), (at + wide - 1, low), _paint(rng, 0.6).tolist(), -1)
                at += wide + int(rng.integers(0, 3))
    elif kind < 0.6:  # a frame with something in it
        inner = np.round(corners + (corners.mean(0) - corners) * rng.uniform(0.1, 0.3)).astype(np.int32)
        cv2.fillConvexPoly(picture, inner, _paint(rng, 0.5).tolist())
        for _ in range(rng.integers(0, 6)):
            at = (corners.mean(0) + rng.normal(0, 0.15, 2) * [w, h]).astype(int)
            cv2.circle(
                picture, at.tolist(), int(rng.uniform(1, 0.2 * min(w, h) + 2)), _paint(rng, 0.6).tolist(), -1
            )
    elif kind < 0.75:
        cv2.polylines(picture, [corners], True, _paint(rng).tolist(), 2, cv2.LINE_AA)


def _window(picture: Float32, rng: np.random.Generator) -> None:
    w, h = (rng.uniform(0.15, 0.5, 2) * SIDE).astype(int)
    x, y = (rng.uniform(-0.1, 0.85) * SIDE, rng.uniform(-0.2, 0.4) * SIDE)
    x, y = int(x), int(y)
    light = np.array([235, 242, 255]) if rng.random() < 0.6 else np.array([255, 225, 170])
    cv2.rectangle(picture, (x, y), (x + w, y + h), (light * rng.uniform(0.8, 1.3)).tolist(), -1)
    for k in range(1, int(rng.integers(1, 4))):
        cv2.line(picture, (x + k * w // 3, y), (x + k * w // 3, y + h), _paint(rng).tolist(), 3)
    cv2.rectangle(picture, (x, y), (x + w, y + h), _paint(rng, 0.1).tolist(), int(rng.integers(2, 7)))
    glow = np.zeros((SIDE, SIDE), np.float32)
    cv2.rectangle(glow, (x, y), (x + w, y + h), 1.0, -1)
    picture += cv2.GaussianBlur(glow, (0, 0), 18)[..., None] * rng.uniform(0, 60)


def skin_colour(rng: np.random.Generator) -> Float32:
    """An sRGB colour of human skin, 0..255."""
    melanin, blood = np.exp(rng.uniform(np.log(0.08), np.log(1.9))), rng.uniform(0.15, 0.4)
    absorbed = (
        np.array([0.06, 0.10, 0.17])
        + melanin * np.array([0.62, 1.22, 1.95])
        + blood * np.array([0.10, 1.30, 1.02])
    )
    return (255 * (rng.uniform(0.5, 1.0) * np.exp(-absorbed)) ** (1 / 2.2)).astype(np.float32)


def _below(at: NDArray, px: float) -> NDArray:
    return np.asarray(at + np.array([0.0, px]))


def _person(picture: Float32, rng: np.random.Generator) -> None:
    """Head and shoulders, near or far, mostly out of focus."""
    layer, mask = picture.copy(), np.zeros((SIDE, SIDE), np.float32)
    size = rng.uniform(0.7, 2.4)
    middle = np.array([rng.uniform(0.1, 0.9) * SIDE, rng.uniform(0.1, 0.7) * SIDE])
    skin = skin_colour(rng)
    head = (int(26 * size), int(36 * size))

    def ellipse(at: NDArray, axes: tuple[int, int], colour: Float32, angle: float = 0.0) -> None:
        centre = (int(at[0]), int(at[1]))
        cv2.ellipse(layer, centre, axes, angle, 0, 360, colour.tolist(), -1, cv2.LINE_AA)
        cv2.ellipse(mask, centre, axes, angle, 0, 360, 1.0, -1, cv2.LINE_AA)

    shirt = np.zeros_like(picture) + _paint(rng, 0.5)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    pattern, other = rng.random(), _paint(rng, 0.6)
    period = rng.uniform(6, 30)
    if pattern < 0.15:
        shirt[(y % period) < period * rng.uniform(0.15, 0.5)] = other
    elif pattern < 0.3:
        shirt = (
            shirt * np.where((x % period < period / 3)[..., None], 0.7, 1)
            + 0.3 * other * ((y % period) < period / 3)[..., None]
        )
    elif pattern < 0.5:
        for _ in range(rng.integers(1, 5)):
            at = (middle + np.array([rng.normal(0, 25), rng.uniform(60, 110)]) * size).astype(int)
            ink, word = np.zeros((SIDE, SIDE), np.uint8), "".join(rng.choice(list("ABEHKMNORSTXZ0258"), 4))
            face, high, bold = int(rng.integers(0, 8)), float(rng.uniform(0.3, 1.2)), int(rng.integers(1, 4))
            cv2.putText(ink, word, at.tolist(), face, high, 255, bold, cv2.LINE_AA)
            shirt += (other - shirt) * (ink[..., None] / 255)
    shirt *= 1 + 0.16 * _noise(rng, 7, 4) + 0.05 * _noise(rng, 20, 14)  # folds
    body = np.zeros((SIDE, SIDE), np.float32)
    chest = (int(middle[0]), int(middle[1] + 122 * size))
    cv2.ellipse(body, chest, (int(72 * size), int(76 * size)), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    cv2.rectangle(body, (int(chest[0] - 60 * size), chest[1]), (int(chest[0] + 60 * size), SIDE), 1.0, -1)
    hair = np.array([60, 42, 30], np.float32) * rng.uniform(0.1, 3.0)
    if rng.random() < 0.4:  # long hair
        ellipse(_below(middle, 14 * size), (int(36 * size), int(54 * size)), hair)
    ellipse(_below(middle, 40 * size), (int(13 * size), int(26 * size)), skin * 0.85)  # neck
    layer[:] = layer * (1 - body[..., None]) + shirt * body[..., None]
    np.maximum(mask, body, out=mask)
    ellipse(middle - [0, 7 * size], (int(28 * size), int(36 * size)), hair)
    ellipse(_below(middle, 4 * size), head, skin)
    for side in (-1, 1):
        eye = middle + np.array([side * 11, -4]) * size
        ellipse(eye, (int(4.5 * size), int(2.2 * size)), skin * 0.4)
        ellipse(eye - [0, 7 * size], (int(6 * size), max(1, int(1.4 * size))), 0.5 * hair + 0.3 * skin)
    ellipse(
        _below(middle, 22 * size),
        (int(9 * size), int(2.6 * size)),
        skin * np.array([0.8, 0.5, 0.5], np.float32),
    )
    ellipse(_below(middle, 9 * size), (int(4 * size), int(6 * size)), skin * 0.9)
    if rng.random() < 0.25:  # a beard
        ellipse(_below(middle, 30 * size), (int(18 * size), int(13 * size)), 0.6 * hair + 0.25 * skin)
    side_light = 1 + rng.normal(0, 0.25) * (x - middle[0])[..., None] / (40 * size)
    layer = cv2.GaussianBlur(layer * np.clip(side_light, 0.4, 1.5), (0, 0), float(rng.uniform(1.0, 5.0)))
    soft = cv2.GaussianBlur(mask, (0, 0), 1.5)[..., None]
    picture[:] = picture * (1 - soft) + layer * soft


def _desk(picture: Float32, rng: np.random.Generator) -> None:
    """A table that fills the lower part, or all, of the picture, seen from above."""
    top = int(rng.uniform(-0.3, 0.75) * SIDE)
    wood = np.array([165, 120, 75], np.float32) * rng.uniform(0.25, 1.45)
    colour = wood if rng.random() < 0.6 else _paint(rng, 0.1)
    grain = 1 + 0.07 * _noise(rng, 5, 80) + 0.05 * _noise(rng, 9, 30)
    low = max(top, 0)
    picture[low:] = (colour * grain)[low:]
    for _ in range(rng.integers(0, 3)):  # paper, a keyboard, a phone
        w, h = (rng.uniform(0.1, 0.45, 2) * SIDE).astype(int)
        box = (
            (float(rng.uniform(0, SIDE)), float(rng.uniform(low, SIDE))),
            (float(w), float(h)),
            float(rng.normal(0, 25)),
        )
        corners = np.round(cv2.boxPoints(box)).astype(np.int32)
        cv2.fillConvexPoly(picture, corners, _paint(rng, 0.15).tolist(), cv2.LINE_AA)
        if rng.random() < 0.5:
            a, b, _, d = corners.astype(float)
            for i in np.arange(0.08, 1, 0.12):
                for j in np.arange(0.05, 1, 0.09):
                    at = a + i * (d - a) + j * (b - a)
                    cv2.circle(picture, np.round(at).astype(int).tolist(), 2, _paint(rng, 0.1).tolist(), -1)
