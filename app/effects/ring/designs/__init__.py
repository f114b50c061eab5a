"""Rings built by code, one design a file: finger radius in metres in, `RingModel` out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from app.effects.ring.designs.eternity import eternity
from app.effects.ring.designs.open_band import open_band
from app.effects.ring.designs.plain import plain
from app.effects.ring.designs.signet import signet
from app.effects.ring.designs.solitaire import solitaire
from app.effects.ring.designs.twist import twist
from app.effects.ring.model import RingModel


@dataclass(frozen=True)
class Design:
    """One design."""

    build: Callable[[float], RingModel]  # inner radius, metres
    has_stones: bool = False


DESIGNS: dict[str, Design] = {
    "plain": Design(plain),
    "signet": Design(signet),
    "solitaire": Design(solitaire, has_stones=True),
    "eternity": Design(eternity, has_stones=True),
    "twist": Design(twist),
    "open": Design(open_band),
}


@lru_cache(maxsize=32)
def build_design(name: str, inner_radius_m: float) -> RingModel:
    """The same measures give the same object, which is uploaded only once. Raises KeyError."""
    return DESIGNS[name].build(inner_radius_m)
