"""No effect: the picture as it is."""

from __future__ import annotations

from collections.abc import Sequence

from app.effects.declaration import EffectType, NoSettings
from app.render.scene import EffectContext, Prop


class NoEffect:
    """Places nothing."""

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """Nothing."""
        return ()

    def readout(self) -> Sequence[str]:
        """Nothing."""
        return ()


EFFECT = EffectType("none", lambda _, __: NoEffect(), NoSettings, order=90)
