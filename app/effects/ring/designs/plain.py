"""A polished comfort-fit band."""

from __future__ import annotations

from app.effects.ring.model import Design, RingModel, RingPart
from app.effects.ring.shapes import band_profile, lathe

WIDTH_M = 0.004
THICKNESS_M = 0.0017


def plain(inner_radius_m: float) -> RingModel:
    """Outside a low dome, inside a gentle bulge."""
    band = lathe(band_profile(inner_radius_m, WIDTH_M, THICKNESS_M))
    return RingModel((RingPart(band, "metal"),), inner_radius_m, inner_radius_m + THICKNESS_M, WIDTH_M / 2)


DESIGN = Design("plain", plain, order=10)
