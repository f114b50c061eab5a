"""The effects by name."""

from __future__ import annotations

from collections.abc import Sequence

from app.effects.none import NoEffect
from app.effects.ring import RingEffect
from app.effects.ring_settings import RingSettings
from app.render.scene import Effect

Settings = RingSettings | Sequence[RingSettings] | None


def effect_names() -> tuple[str, ...]:
    """Every effect, in the order in which the window lists them."""
    return ("ring", "none")


def make_effect(name: str, settings: Settings = None) -> Effect:
    """A fresh effect. Raises ValueError for an unknown name or another effect's settings."""
    if name == "ring":
        rings = (RingSettings(),) if settings is None else settings
        rings = (rings,) if isinstance(rings, RingSettings) else tuple(rings)
        for ring in rings:
            if not isinstance(ring, RingSettings):
                raise ValueError(f"effect ring: expected RingSettings, got {type(ring).__name__}")
        return RingEffect(rings)
    if settings is not None:
        raise ValueError(f"effect {name}: takes no settings, got {type(settings).__name__}")
    if name == "none":
        return NoEffect()
    raise ValueError(f"effect: there is no {name!r}; choose from {', '.join(effect_names())}")
