"""The effects by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.effects.ball import BallEffect
from app.effects.band import BandEffect
from app.effects.none import NoEffect
from app.effects.racket import RacketEffect
from app.effects.ring.effect import RingEffect
from app.effects.ring.settings import RingSettings
from app.effects.skins import SkinEffect
from app.effects.walkie_talkie import WalkieTalkieEffect
from app.effects.water import WaterEffect
from app.measure.depth_error import UNKNOWN_SIZE
from app.render.scene import Effect

Settings = RingSettings | Sequence[RingSettings] | str | None

_WITHOUT_SETTINGS: dict[str, Callable[[], Effect]] = {
    "band": BandEffect,
    "ball": BallEffect,
    "racket": RacketEffect,
    "walkie_talkie": WalkieTalkieEffect,
    "water": WaterEffect,
    "none": NoEffect,
}


def effect_names() -> tuple[str, ...]:
    """Every effect, in the order in which the window lists them."""
    return ("ring", "band", "ball", "racket", "walkie_talkie", "water", "skin", "none")


def make_effect(name: str, settings: Settings = None, size_error: float = UNKNOWN_SIZE) -> Effect:
    """A fresh effect. settings: a ring's or several rings', or a skin's style; None takes the usual.

    size_error: share by which the hands may be of another size than their meshes.
    Raises ValueError for an unknown name or another effect's settings.
    """
    if name == "ring":
        given = (RingSettings(),) if settings is None else settings
        rings = (given,) if isinstance(given, RingSettings | str) else tuple(given)
        for ring in rings:
            if not isinstance(ring, RingSettings):
                raise ValueError(f"effect ring: expected RingSettings, got {type(ring).__name__}")
        known = [ring for ring in rings if isinstance(ring, RingSettings)]
        return RingEffect(known, size_error=size_error)
    if name == "skin":
        if not isinstance(settings, str | None):
            raise ValueError(f"effect skin: expected a style, got {type(settings).__name__}")
        return SkinEffect() if settings is None else SkinEffect(settings)
    if settings is not None:
        raise ValueError(f"effect {name}: takes no settings, got {type(settings).__name__}")
    if name not in _WITHOUT_SETTINGS:
        raise ValueError(f"effect: there is no {name!r}; choose from {', '.join(effect_names())}")
    return _WITHOUT_SETTINGS[name]()
