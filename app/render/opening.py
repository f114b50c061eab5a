"""Opens a compositor: first the context, and only then what imports OpenGL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.render.gl.context import Context
from models.hand.hand_data import HandData

if TYPE_CHECKING:
    from app.render.compositor import Compositor


def open_compositor(hand: HandData, environment: str | None = None) -> Compositor:
    """A compositor for this thread, with a context of its own.

    environment: as `Compositor` takes it. Raises NoGraphics when OpenGL cannot be started, ValueError for an
    unknown environment.
    """
    context = Context()
    try:
        from app.render.compositor import Compositor  # imports OpenGL, which the context has found to work

        return Compositor(context, hand, environment)
    except BaseException:
        context.close()
        raise
