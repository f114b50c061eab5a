"""No effect: the picture as it is."""

from __future__ import annotations

from collections.abc import Sequence

from app.render.scene import EffectContext, Prop


class NoEffect:
    """Places nothing."""

    def place(self, context: EffectContext) -> Sequence[Prop]:
        """Nothing."""
        return ()

    def readout(self) -> Sequence[str]:
        """Nothing."""
        return ()
