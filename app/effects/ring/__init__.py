"""Rings on fingers."""

from app.effects.ring.effect import EFFECT

__all__ = ["EFFECT"]
