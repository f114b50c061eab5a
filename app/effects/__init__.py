"""What can be drawn onto hands."""

from app.effects.catalog import EffectSettings, effect_names, effects, make_effect
from app.effects.ring.designs import ring_designs
from app.effects.ring.effect import EFFECT as RINGS
from app.effects.ring.effect import Rings
from app.effects.ring.fit import FINGERS, SEGMENTS
from app.effects.ring.metals import METALS
from app.effects.ring.model import OwnRing
from app.effects.ring.settings import HANDS, MOST_RINGS, Placement, RingSettings
from app.effects.ring.sizes import ring_size
from app.effects.ring.stones import STONES

__all__ = [
    "FINGERS",
    "HANDS",
    "METALS",
    "MOST_RINGS",
    "RINGS",
    "SEGMENTS",
    "STONES",
    "EffectSettings",
    "OwnRing",
    "Placement",
    "RingSettings",
    "Rings",
    "effect_names",
    "effects",
    "make_effect",
    "ring_designs",
    "ring_size",
]
