"""Rings built by code, one design a file: finger radius in metres in, `RingModel` out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from app.effects.ring.model import Design, RingModel


@lru_cache(maxsize=1)
def ring_designs() -> Mapping[str, Design]:
    """Every design by its name, in the order of lists: the DESIGNs of this folder's modules."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    designs = sorted((module.DESIGN for module in modules), key=lambda design: design.order)
    return {design.name: design for design in designs}


@lru_cache(maxsize=32)
def build_design(name: str, inner_radius_m: float) -> RingModel:
    """The same measures give the same object, which is uploaded only once. Raises KeyError."""
    return ring_designs()[name].build(inner_radius_m)
