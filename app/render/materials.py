"""What pyrender needs to know of our surfaces: which shaders draw them, and with which uniforms."""

from __future__ import annotations

from typing import Any, Literal

from pyrender.material import Material

Stage = Literal["occluder", "picture"]


class Surface(Material):
    """A material with our own shaders: a fragment shader for every stage in which the surface is drawn."""

    fragment_shaders: dict[Stage, str]
    order: int  # drawn from low to high; a higher one is never hidden by a lower one's depth

    def __init__(self, **uniforms: Any) -> None:
        super().__init__()
        self.uniforms = uniforms

    def _compute_transparency(self) -> bool:
        return False


class HandSkin(Surface):
    """The hand: invisible, it hides what is behind it and takes shadows; overlays colour it."""

    fragment_shaders = {"occluder": "occluder.frag", "picture": "skin.frag"}  # noqa: RUF012
    order = 0


class PropMetal(Surface):
    """A prop."""

    fragment_shaders = {"picture": "metal.frag"}  # noqa: RUF012
    order = 1
