"""Skin, light, clothes and background of each hand: the part of the atlas's table that isn't shape."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from models.geometry import rotation_from_axis_angle
from models.manifest import ASSETS
from models.training.synthetic.atlas import TEXELS
from models.training.synthetic.lighting import panorama_directions
from models.types import Float32, Float64

_ENVIRONMENTS = ASSETS / "env"
_HENNA, _TATTOO = 0.06, 0.05  # fractions of the hands


def write_appearance(rows: Float32, rng: np.random.Generator, gravity_rad: Float64) -> None:
    """Fill in skin, light and clothes. rows: (N, ROW_TEXELS, 4); gravity_rad: (N,) where down is."""
    n = len(rows)
    _skin(rows, rng)
    _light(rows, rng, gravity_rad)
    _clothes(rows, rng, n)
    # Drawn by chances of their own, so that the hands of older seeds stay what they were but for this.
    _ink(rows, rng.spawn(1)[0])


def _put(rows: Float32, name: str, values: Float64, offset: int = 0) -> None:
    """values: (N, k) into the first numbers of a texel."""
    rows[:, TEXELS[name] + offset, : values.shape[1]] = values


def _skin(rows: Float32, rng: np.random.Generator) -> None:
    n = len(rows)
    melanin = np.exp(rng.uniform(np.log(0.17), np.log(1.7), n))
    haemoglobin = np.clip(rng.normal(0.23, 0.09, n), 0.06, 0.55)
    roughness = rng.uniform(0.36, 0.62, n)
    # The darker the hand, the more its palm differs from its back.
    palm = np.clip(1.0 - 0.38 * melanin / (0.35 + melanin) * rng.uniform(0.6, 1.3, n), 0.3, 1)
    _put(rows, "SKIN", np.stack([melanin, haemoglobin, roughness, palm], 1))
    bright = rng.random((n, 3)) * rng.choice([0.15, 0.5, 0.9], (n, 1))
    red = np.array([0.35, 0.02, 0.04]) * rng.uniform(0.5, 1.5, (n, 1))
    colour = np.where(rng.random((n, 1)) < 0.5, red, bright)
    coverage = np.where(rng.random(n) < 0.12, rng.uniform(0.7, 1.0, n), 0.0)
    _put(rows, "NAILS", np.concatenate([colour, coverage[:, None]], 1))


def _ink(rows: Float32, rng: np.random.Generator) -> None:
    """Henna, brown and dense, on both sides of the hand; tattoos, black or blue, on its back."""
    n = len(rows)
    kind = rng.random(n)
    henna, tattoo = kind < _HENNA, (kind >= _HENNA) & (kind < _HENNA + _TATTOO)
    brown = np.array([0.055, 0.018, 0.008]) * np.exp(rng.normal(0, 0.35, (n, 1)))
    black = np.array([0.012, 0.016, 0.022]) * np.exp(rng.normal(0, 0.3, (n, 3)))
    much = np.where(henna | tattoo, rng.uniform(0.55, 0.97, n), 0.0)
    _put(rows, "INK", np.concatenate([np.where(henna[:, None], brown, black), much[:, None]], 1))
    a_metre = np.where(henna, rng.uniform(28, 60, n), rng.uniform(12, 35, n))
    many = np.where(henna, rng.uniform(0.35, 0.8, n), rng.uniform(0.15, 0.45, n))
    _put(rows, "INK", np.stack([a_metre, rng.uniform(0, 100, n), many, np.where(henna, 1.0, 0.0)], 1), 1)


@lru_cache(maxsize=1)
def _environments() -> tuple[Float64, Float64]:
    """Irradiance coefficients of the environment maps (E, 9, 3), each of mean radiance one, and of white
    walls (9, 3)."""
    lights = []
    for path in sorted(_ENVIRONMENTS.glob("*.npz")):
        with np.load(path, allow_pickle=False) as file:
            radiance = file["level3"].astype(np.float64)
        h, w = radiance.shape[:2]
        solid = np.sin((np.arange(h) + 0.5) / h * np.pi) * (2 * np.pi / w) * (np.pi / h)
        seen = panorama_directions(h, w).reshape(-1, 3), np.repeat(solid, w)
        lights.append(irradiance_coefficients(radiance.reshape(-1, 3), *seen))
    return np.stack(lights), irradiance_coefficients(np.ones((h * w, 3)), *seen)


def harmonics(directions: Float64) -> Float64:
    """(..., 3) unit vectors -> (..., 9) the polynomials of shaders/hand_atlas/light.glsl."""
    x, y, z = np.moveaxis(directions, -1, 0)
    return np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], -1)


# Y_lm squared norms times the cosine lobe's factor over pi, for the polynomials above.
_CONVOLVED = np.concatenate(
    [
        [0.282095**2],
        np.full(3, 0.488603**2 * 2 / 3),
        np.array([1.092548**2, 1.092548**2, 0.315392**2, 1.092548**2, 0.546274**2]) / 4,
    ]
)


def irradiance_coefficients(radiance: Float64, directions: Float64, solid_angle: Float64) -> Float64:
    """(9, 3) coefficients of irradiance over pi. radiance, directions: (P, 3); solid_angle: (P,)."""
    return (harmonics(directions) * solid_angle[:, None]).T @ radiance * _CONVOLVED[:, None]


def rotated_light(coefficients: Float64, R: Float64) -> Float64:
    """(N, 9, 3) coefficients of the same light, its environments rotated by R (N, 3, 3).

    Irradiance is c + v n + n A n for a normal n, A without trace: v and A rotate.
    """
    c = np.moveaxis(coefficients, 1, 0)  # (9, N, 3)
    v = R @ np.stack([c[3], c[1], c[2]], 1)
    xx, yy, zz, xy, yz, xz = c[8] - c[6], -c[8] - c[6], 2 * c[6], c[4] / 2, c[5] / 2, c[7] / 2
    A = np.stack([xx, xy, xz, xy, yy, yz, xz, yz, zz], -1).reshape(-1, 3, 3, 3)  # (N, RGB, 3, 3)
    A = R[:, None] @ A @ R[:, None].transpose(0, 1, 3, 2)
    x, y, z = (A[..., k, :] for k in range(3))
    rows = [2 * x[..., 1], 2 * y[..., 2], z[..., 2] / 2, 2 * x[..., 2], (x[..., 0] - y[..., 1]) / 2]
    return np.stack([c[0], v[:, 1], v[:, 2], v[:, 0], *rows], 1)


def _rotation_about(angles_rad: Float64, axis: int) -> Float64:
    return rotation_from_axis_angle(angles_rad[:, None] * np.eye(3)[axis])


def _light(rows: Float32, rng: np.random.Generator, gravity_rad: Float64) -> None:
    n = len(rows)
    environments, white = _environments()
    R = (
        _rotation_about(-gravity_rad, 2)
        @ _rotation_about(rng.normal(0, 0.25, n), 0)
        @ _rotation_about(rng.uniform(0, 2 * np.pi, n), 1)
    )
    chosen = environments[rng.integers(len(environments), size=n)]
    grey = chosen.mean(-1, keepdims=True)
    light = grey + rng.uniform(0.1, 0.8, (n, 1, 1)) * (chosen - grey)
    flat = rng.random((n, 1, 1)) ** 3
    light = light + flat * (white - light)  # white walls make any light softer
    coefficients = rotated_light(light, R)
    level = np.exp(rng.normal(-1.3, 0.35, n))
    tint = np.exp(rng.normal(0, 0.06, (n, 3)))
    rows[:, TEXELS["LIGHT"] : TEXELS["LIGHT"] + 9, :3] = coefficients * (level[:, None] * tint)[:, None]

    strength = np.stack([np.exp(rng.normal(-0.4, 0.5, n)), np.exp(rng.normal(-1.7, 0.7, n))], 1)
    strength *= rng.random((n, 2)) < [0.85, 0.5]
    for k in range(2):
        # Lamps hang above or stand at the side; seldom behind the hand.
        azimuth, height = rng.normal(0, 1.1, n), rng.normal(0.6, 0.5, n)
        d = np.stack(
            [np.sin(azimuth) * np.cos(height), -np.sin(height), -np.cos(azimuth) * np.cos(height)], 1
        )
        d = (_rotation_about(-gravity_rad, 2) @ d[..., None])[..., 0]
        softness = np.exp(rng.uniform(np.log(0.03), np.log(0.5), n))
        warmth = rng.normal(0, 0.12, n)
        colour = np.exp(np.stack([warmth, 0.2 * warmth, -warmth], 1)) * strength[:, k : k + 1]
        _put(rows, "LAMPS", np.concatenate([d, softness[:, None]], 1), 2 * k)
        _put(rows, "LAMPS", colour, 2 * k + 1)


def _clothes(rows: Float32, rng: np.random.Generator, n: int) -> None:
    start = np.where(rng.random(n) < 0.6, rng.uniform(-0.005, 0.04, n), rng.uniform(0.04, 0.14, n))
    _put(rows, "SLEEVE", np.stack([start, rng.uniform(-0.02, 0.45, n)], 1))
    dark = rng.random((n, 1)) < 0.6
    base = np.where(dark, rng.uniform(0.004, 0.08, (n, 1)), rng.uniform(0.1, 0.8, (n, 1)))
    hue = np.exp(rng.normal(0, 0.45, (n, 3)))
    colour = np.clip(base * hue, 0.002, 0.85)
    pattern = rng.choice(4, n, p=[0.55, 0.15, 0.15, 0.15])
    other = np.clip(rng.random((n, 3)) ** 2, 0.01, 0.85)
    _put(rows, "CLOTH", np.concatenate([colour, pattern[:, None]], 1))
    _put(rows, "CLOTH", np.concatenate([other, rng.uniform(0.004, 0.03, (n, 1))], 1), 1)
    gold, silver = np.array([0.85, 0.60, 0.25]), np.array([0.75, 0.74, 0.72])
    for k in range(2):
        metal = np.where(rng.random((n, 1)) < 0.5, gold, silver) * rng.uniform(0.5, 1.0, (n, 1))
        _put(rows, "METAL", np.concatenate([metal, rng.uniform(0.15, 0.5, (n, 1))], 1), k)
    _put(rows, "STRAP", np.clip(rng.random((n, 3)) ** 3, 0.005, 0.8))


def write_backgrounds(
    rows: Float32, rng: np.random.Generator, count: int, gravity_rad: Float64, mirrored: bool = True
) -> None:
    """Choose a background of the bank for each row, and which part of it, rotated as gravity is."""
    n = len(rows)
    span = np.exp(rng.uniform(np.log(0.3), np.log(0.95), n))
    angle = -gravity_rad + rng.normal(0, 0.05, n)
    flip = np.where(rng.random(n) < 0.5, -1.0, 1.0) if mirrored else np.ones(n)
    c, s = np.cos(angle) * span, np.sin(angle) * span
    margin = np.maximum(0.5 * (1 - (abs(c) + abs(s))), 0.0)  # so that the edge of the picture isn't seen
    middle = 0.5 + rng.uniform(-1, 1, (n, 2)) * margin[:, None]
    blur = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 3.0, n))
    gain = np.exp(rng.normal(0, 0.25, (n, 1)) + rng.normal(0, 0.06, (n, 3)))
    _put(rows, "BACKGROUND", np.stack([rng.integers(count, size=n).astype(float), blur], 1))
    _put(rows, "BACKGROUND", np.stack([flip * c, -flip * s, middle[:, 0]], 1), 1)
    _put(rows, "BACKGROUND", np.stack([s, c, middle[:, 1]], 1), 2)
    _put(rows, "BACKGROUND", gain, 3)
