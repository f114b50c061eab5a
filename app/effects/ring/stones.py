"""The stones that rings carry, and the brilliant cut."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from app.effects.solids import faceted
from app.render.scene import Gem, Geometry

STONES: dict[str, Gem] = {
    # Indices for green light and dispersion (index at 431 nm less that at 687 nm): Read, Gemmology (2005).
    # What a stone leaves of white light is chosen by eye: it differs from stone to stone.
    "diamond": Gem((0.97, 0.98, 0.99), 2.417, 0.044),
    "ruby": Gem((0.55, 0.012, 0.045), 1.766, 0.018),
    "sapphire": Gem((0.022, 0.06, 0.46), 1.766, 0.018),
    "emerald": Gem((0.02, 0.36, 0.13), 1.577, 0.014),
}

# Tolkowsky's round brilliant as it is cut today, in fractions of the girdle's diameter or degrees.
TABLE = 0.57
CROWN_DEG = 34.5
PAVILION_DEG = 40.8
GIRDLE = 0.03
STAR_LENGTH = 0.5  # of the way from the table's edge to the girdle
LOWER_HALF = 0.77  # of the way from the girdle to the culet


@lru_cache(maxsize=8)
def brilliant(diameter_m: float) -> Geometry:
    """A round brilliant with its 57 facets and girdle: table at +y, the girdle's middle at the origin."""
    crown, pavilion = np.tan(np.radians([CROWN_DEG, PAVILION_DEG]))
    half = np.cos(np.pi / 8)
    star = STAR_LENGTH + (1 - STAR_LENGTH) * TABLE * half
    lower = 1 - LOWER_HALF

    def circle(radius: float, height: float, offset: float, count: int = 8) -> np.ndarray:
        angle = 2 * np.pi * (np.arange(count) + offset) / count
        return np.stack([radius * np.cos(angle), np.full(count, height), -radius * np.sin(angle)], 1)

    # Main facets k touch the girdle at its points 2 k; what lies on a main facet falls with its slope.
    corners = np.concatenate(
        [
            circle(TABLE, GIRDLE + (1 - TABLE) * crown, 0),  # 0: table
            circle(star, GIRDLE + (1 - star * half) * crown, 0.5),  # 8: between star and kite facets
            circle(1, GIRDLE, 0, 16),  # 16: upper edge of the girdle
            circle(1, -GIRDLE, 0, 16),  # 32: lower edge of the girdle
            circle(lower, -GIRDLE - (1 - lower * half) * pavilion, 0.5),  # 48: between the lower facets
            [[0, -GIRDLE - pavilion, 0]],  # 56: culet
        ]
    )
    polygons = [list(range(8))]
    for k in range(8):
        n, b = (k + 1) % 8, (k - 1) % 8
        top, middle, after = 16 + 2 * k, 17 + 2 * k, 16 + 2 * n
        polygons += [
            [k, n, 8 + k],  # star
            [k, 8 + k, top, 8 + b],  # kite
            [8 + k, top, middle],
            [8 + k, middle, after],
            [top, middle, middle + 16, top + 16],
            [middle, after, after + 16, middle + 16],
            [48 + k, top + 16, middle + 16],
            [48 + k, middle + 16, after + 16],
            [56, 48 + b, top + 16, 48 + k],  # pavilion main
        ]
    return faceted(0.5 * diameter_m * corners, polygons)
