"""Bands of the profiles that jewellers name, as wide and as thick as they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from app.effects.ring.model import Design, RingModel, RingPart
from app.effects.ring.shapes import lathe
from models.types import Float64

WIDTH_M, THICKNESS_M = 0.0045, 0.0018
_POINTS, _TURNS = 34, 96
_SQUARE = 9.0  # exponent of the superellipse that rounds the edges

Shape = Callable[[Float64], Float64]
"""Of the place across the band, -1 to 1: how far the surface falls, in thicknesses."""


def _flat(z: Float64) -> Float64:
    return 0 * z


def _court(z: Float64) -> Float64:
    return 0.34 * z**2


def _inner_court(z: Float64) -> Float64:
    return 0.24 * z**2


def _half_round(z: Float64) -> Float64:
    return np.asarray(0.72 * (1 - np.sqrt(1 - 0.93 * z**2)))


def _knife(z: Float64) -> Float64:
    return np.asarray(0.58 * (np.sqrt(z**2 + 0.004) - 0.063))


def _bevelled(z: Float64) -> Float64:
    beyond = (np.abs(z) - 0.58) / 0.06
    return 0.50 * 0.06 / 0.42 * np.logaddexp(0, beyond)


def _concave(z: Float64) -> Float64:
    return 0.42 * (1 - np.abs(z) ** 2.2)


PROFILES: dict[str, tuple[Shape, Shape]] = {
    # outside, inside
    "flat": (_flat, _flat),
    "court": (_court, _inner_court),
    "D-shape": (_half_round, _flat),
    "knife-edge": (_knife, _flat),
    "bevelled": (_bevelled, _flat),
    "concave": (_concave, _flat),
    "comfort fit": (_flat, _inner_court),
}


def profile_outline(name: str, inner_radius_m: float, width_m: float, thickness_m: float) -> Float64:
    """(P, 2) the closed outline (radius, along the axis) of a profile; its narrowest place has the radius."""
    outside, inside = PROFILES[name]
    angle = np.linspace(0, 2 * np.pi, 1440, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    z, r = (np.sign(x) * np.abs(x) ** (2 / _SQUARE) for x in (s, c))
    top, bottom = 1 - outside(z), inside(z)
    away = bottom + (0.5 + 0.5 * r) * (top - bottom)
    return np.stack([inner_radius_m + thickness_m * away, 0.5 * width_m * z], 1)


def band(
    inner_radius_m: float, width_m: float = WIDTH_M, thickness_m: float = THICKNESS_M, *, name: str
) -> RingModel:
    """A band of one of PROFILES."""
    outline = profile_outline(name, inner_radius_m, width_m, thickness_m)
    made = lathe(outline, _POINTS, _TURNS)
    outer = float(outline[:, 0].max())
    return RingModel((RingPart(made, "metal"),), inner_radius_m, outer, width_m / 2)


DESIGNS = tuple(
    Design(name, partial(band, name=name), order=70 + k, measures=True) for k, name in enumerate(PROFILES)
)
