"""Rings built by code, one design a file: finger radius in metres in, `RingModel` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from app.effects.ring.cuts import ROUND
from app.effects.ring.finishes import hammered
from app.effects.ring.model import Design, RingModel


@lru_cache(maxsize=1)
def ring_designs() -> Mapping[str, Design]:
    """Every design by its name, in the order of lists: DESIGN or DESIGNS of this folder's modules."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    declared = [getattr(module, "DESIGNS", None) or (module.DESIGN,) for module in modules]
    designs = sorted((design for some in declared for design in some), key=lambda design: design.order)
    return {design.name: design for design in designs}


@dataclass(frozen=True)
class Made:
    """How a design is made, beside its size. None: as the design has it."""

    width_mm: float | None = None  # of the band, along the finger
    thickness_mm: float | None = None
    cut: str = ROUND  # of CUTS
    hammered: bool = False


@lru_cache(maxsize=48)
def build_design(name: str, inner_radius_m: float, made: Made = Made()) -> RingModel:
    """The same measures give the same object, which is uploaded only once. Raises KeyError."""
    design = ring_designs()[name]
    given: dict[str, object] = {"cut": made.cut} if design.cuts else {}
    if design.measures:
        sizes = {"width_m": made.width_mm, "thickness_m": made.thickness_mm}
        given |= {what: 1e-3 * mm for what, mm in sizes.items() if mm is not None}
    model = design.build(inner_radius_m, **given)
    return hammered(model) if made.hammered else model
