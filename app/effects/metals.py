"""The metals that rings are made of."""

from __future__ import annotations

from app.render.scene import Metal

METALS: dict[str, Metal] = {
    # Linear sRGB at normal incidence, from measured refractive indices (gold and silver: Johnson and Christy
    # 1972; platinum: Rakic 1998). Rose gold is three quarters gold, one quarter copper.
    "gold": Metal((1.0, 0.782, 0.344), 0.14),
    "rose gold": Metal((0.985, 0.708, 0.485), 0.14),
    "silver": Metal((0.972, 0.960, 0.915), 0.12),
    "platinum": Metal((0.679, 0.642, 0.588), 0.16),
}
