"""Draws the chosen effect on a frame: compositor and effect, made and used on one thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.effects import effects, make_effect
from app.frame import Layer, Picture
from app.render.gl.context import is_graphics_fault
from app.render.scene import Doubting, Effect
from app.session.settings import VIEW3D, Settings
from models.graphics import NoGraphics
from models.manifest import ChangedAsset

AGAIN_S = 2.0  # graphics that failed are not set up again more often than this


class PictureCompositor(Protocol):
    """What the session needs of `app.render.compositor.Compositor`."""

    keeps_joints: bool

    @property
    def drawn(self) -> Sequence[Layer]: ...

    def compose(self, frame_rgb, hands, camera, effect, time_s, overlays) -> NDArray[np.uint8]: ...

    def draw_aside(self, picture_rgb, frame_rgb, hands, camera, orbit, time_s) -> None: ...

    def close(self) -> None: ...


MakeCompositor = Callable[[], PictureCompositor]


def load_compositor() -> PictureCompositor:
    """The real compositor, for this thread. Raises NoGraphics where there is no OpenGL."""
    from app.render.opening import open_compositor
    from models.hand.hand_data import load_open_hand

    return open_compositor(load_open_hand())


class Drawing:
    """The drawing stage. OpenGL is started when there is something to draw; where there is none, tried once.

    Graphics that worked and are lost, as when a driver starts anew, are set up again. Without graphics,
    frames are given back as they are.
    """

    def __init__(
        self,
        make_compositor: MakeCompositor,
        on_no_graphics: Callable[[NoGraphics], None],
        on_graphics_again: Callable[[], None] = lambda: None,
    ) -> None:
        """on_no_graphics: told once why there are none. on_graphics_again: told when there are again."""
        self._make = make_compositor
        self._on_no_graphics, self._on_graphics_again = on_no_graphics, on_graphics_again
        self._tried_s = -math.inf
        self._worked = self._told = False
        self._compositor: PictureCompositor | None = None
        self._effect: Effect | None = None
        self._effect_key: object = None

    def draw(self, picture: Picture, settings: Settings, keep_layers: bool = False) -> Picture:
        """The finished picture, the lines that the effect reads out, and the time it took as stage `draw`.

        keep_layers: what was drawn is kept apart too. Without graphics, or with nothing to draw, the picture
        shows its frame as it is.
        """
        start_s = time.perf_counter()
        if keep_layers:
            picture = replace(picture, layers=())
        picture = self._composed(picture, settings, keep_layers)
        draw_ms = (time.perf_counter() - start_s) * 1e3
        found = replace(picture.found, stages_ms={**picture.found.stages_ms, "draw": draw_ms})
        return replace(picture, found=found)

    def _composed(self, picture: Picture, settings: Settings, keep_layers: bool) -> Picture:
        frame_rgb, time_s = picture.frame.image_rgb, picture.time_s
        if settings.effect == "none" and not settings.overlays:
            return picture
        effect = self._chosen(settings)
        while (compositor := self._compositor or self._open()) is not None:
            try:
                found = picture.hands, picture.camera
                compositor.keeps_joints = keep_layers
                overlays = settings.overlays - {VIEW3D}
                image_rgb = compositor.compose(frame_rgb, *found, effect, time_s, overlays)
                if VIEW3D in settings.overlays:
                    compositor.draw_aside(image_rgb, frame_rgb, *found, settings.orbit, time_s)
                doubts = tuple(effect.doubts()) if isinstance(effect, Doubting) else ()
                layers = tuple(compositor.drawn) if keep_layers else None
                return replace(
                    picture,
                    image_rgb=image_rgb,
                    readout=tuple(effect.readout()),
                    doubts=doubts,
                    layers=layers,
                )
            except Exception as error:
                if not is_graphics_fault(error):
                    raise
                self._lose(error)
        return picture

    def begin_anew(self) -> None:
        """Forget what the effect knows of former pictures."""
        self._effect = None

    def close(self) -> None:
        """Release the graphics, on the thread that drew."""
        if self._compositor is not None:
            self._compositor.close()

    def _chosen(self, settings: Settings) -> Effect:
        own = settings.effects.of(effects()[settings.effect])
        key = settings.effect, own, settings.depth_error.size
        if key != self._effect_key or self._effect is None:
            self._effect, self._effect_key = make_effect(*key), key
        return self._effect

    def _open(self) -> PictureCompositor | None:
        if time.monotonic() - self._tried_s < (AGAIN_S if self._worked else math.inf):
            return None
        self._tried_s = time.monotonic()
        try:
            self._compositor = self._make()
        except (NoGraphics, ChangedAsset, FileNotFoundError) as error:
            self._tell(NoGraphics(str(error)))
            return None
        self._worked = True
        if self._told:
            self._told = False
            self._on_graphics_again()
        return self._compositor

    def _lose(self, error: Exception) -> None:
        with suppress(Exception):  # what is left of it may fail in any way
            self.close()
        self._compositor = None
        if time.monotonic() - self._tried_s < AGAIN_S:
            reason = " ".join(str(error).split())[:120]
            self._tell(NoGraphics(f"OpenGL failed ({reason}); it is set up again in {AGAIN_S:.0f} s"))

    def _tell(self, error: NoGraphics) -> None:
        self._told = True
        self._on_no_graphics(error)
