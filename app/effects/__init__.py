"""What can be drawn onto hands."""

from app.effects.catalog import effect_names, make_effect
from app.effects.metals import METALS
from app.effects.ring import RingSettings
from app.effects.ring_fit import FINGERS, SEGMENTS, ring_size

__all__ = ["FINGERS", "METALS", "SEGMENTS", "RingSettings", "effect_names", "make_effect", "ring_size"]
