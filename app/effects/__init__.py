"""What can be drawn onto hands."""

from app.effects.catalog import effect_names, make_effect
from app.effects.ring.designs import DESIGNS
from app.effects.ring.fit import FINGERS, SEGMENTS
from app.effects.ring.metals import METALS
from app.effects.ring.model import OwnRing
from app.effects.ring.settings import HANDS, MOST_RINGS, Placement, RingSettings
from app.effects.ring.sizes import ring_size
from app.effects.ring.stones import STONES
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
