"""What can be drawn onto hands."""

from app.effects.catalog import effect_names, make_effect
from app.effects.metals import METALS
from app.effects.ring_designs import DESIGNS
from app.effects.ring_fit import FINGERS, SEGMENTS
from app.effects.ring_model import OwnRing
from app.effects.ring_settings import HANDS, MOST_RINGS, Placement, RingSettings
from app.effects.ring_sizes import ring_size
from app.effects.stones import STONES
from app.render.scene import SKIN_STYLES

__all__ = [
    "DESIGNS",
    "FINGERS",
    "HANDS",
    "METALS",
    "MOST_RINGS",
    "SEGMENTS",
    "SKIN_STYLES",
    "STONES",
    "OwnRing",
    "Placement",
    "RingSettings",
    "effect_names",
    "make_effect",
    "ring_size",
]
