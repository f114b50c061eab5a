"""Draws the chosen effect on a frame: compositor and effect, made and used on one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.effects import make_effect
from app.render.context import NoGraphics
from app.render.scene import Effect
from app.session.settings import VIEW3D, Settings
from models.pipeline import PipelineResult


class PictureCompositor(Protocol):
    """What the session needs of `app.render.compositor.Compositor`."""

    def compose(self, frame_rgb, hands, camera, effect, time_s, overlays) -> NDArray[np.uint8]: ...

    def draw_aside(self, picture_rgb, frame_rgb, hands, camera, orbit, time_s) -> None: ...

    def close(self) -> None: ...


MakeCompositor = Callable[[], PictureCompositor]


def load_compositor() -> PictureCompositor:
    """The real compositor, for this thread. Raises NoGraphics where there is no OpenGL."""
    from app.render.compositor import Compositor
    from models.hand_data import load_open_hand

    return Compositor(load_open_hand())


class Drawing:
    """The drawing stage. OpenGL is started when there is something to draw, and tried once.

    Where there is none, `on_no_graphics` is told, and frames are given back as they are.
    """

    def __init__(self, make_compositor: MakeCompositor, on_no_graphics: Callable[[NoGraphics], None]) -> None:
        self._make = make_compositor
        self._on_no_graphics = on_no_graphics
        self._tried = False
        self._compositor: PictureCompositor | None = None
        self._effect: Effect | None = None
        self._effect_key: object = None

    def draw(
        self, frame_rgb: NDArray[np.uint8], result: PipelineResult, settings: Settings, time_s: float
    ) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
        """The finished picture, (H, W, 3) RGB, and the lines the effect reads out."""
        if settings.effect == "none" and not settings.overlays:
            return frame_rgb, ()
        if not self._tried:
            self._tried = True
            self._open()
        if self._compositor is None:
            return frame_rgb, ()
        effect = settings.effect
        own = settings.rings if effect == "ring" else settings.skin if effect == "skin" else None
        key = (settings.effect, own)
        if key != self._effect_key or self._effect is None:
            self._effect, self._effect_key = make_effect(settings.effect, own), key
        seen = result.hands, result.camera
        overlays = settings.overlays - {VIEW3D}
        image_rgb = self._compositor.compose(frame_rgb, *seen, self._effect, time_s, overlays)
        if VIEW3D in settings.overlays:
            self._compositor.draw_aside(image_rgb, frame_rgb, *seen, settings.orbit, time_s)
        return image_rgb, tuple(self._effect.readout())

    def close(self) -> None:
        """Release the graphics, on the thread that drew."""
        if self._compositor is not None:
            self._compositor.close()

    def _open(self) -> None:
        try:
            self._compositor = self._make()
        except NoGraphics as error:
            self._on_no_graphics(error)
