"""The metals that rings are made of."""

from __future__ import annotations

from app.render.scene import Metal

METALS: dict[str, Metal] = {
    # Linear sRGB at normal incidence, from measured refractive indices (gold, silver and copper: Johnson and
    # Christy 1972; platinum: Rakic 1998). Jewellers' gold is three quarters gold: with as much silver as
    # copper in the rest it is yellow, with copper alone it is rose. Yellow gold's blue is by real rings in
    # photographs (tools.measure_metals): their refractive indices alone make it too saturated.
    "gold": Metal((0.99, 0.755, 0.385), 0.14),
    "rose gold": Metal((0.98, 0.68, 0.42), 0.14),
    # By eye after jewellers' alloy cards: less gold is paler; white gold without rhodium stays warm.
    "rose gold 18k": Metal((0.97, 0.69, 0.46), 0.14),
    "rose gold 14k": Metal((0.95, 0.67, 0.49), 0.14),
    "rose gold 9k": Metal((0.92, 0.64, 0.51), 0.14),
    "white gold 18k": Metal((0.80, 0.755, 0.66), 0.14),
    "white gold 14k": Metal((0.82, 0.785, 0.70), 0.14),
    "white gold 9k": Metal((0.84, 0.815, 0.755), 0.14),
    "silver": Metal((0.972, 0.960, 0.915), 0.12),
    "platinum": Metal((0.679, 0.642, 0.588), 0.16),
}
