"""What pyrender needs to know of our surfaces: which shaders draw them, and with which uniforms."""

from __future__ import annotations

from typing import Any, Literal

from pyrender.material import Material

Stage = Literal["occluder", "picture"]
ORDERS = 3


class Surface(Material):
    """A material with our own shaders: a fragment shader for every stage in which the surface is drawn."""

    fragment_shaders: dict[Stage, str]
    defines: dict[str, int] = {}  # noqa: RUF012
    order: int  # drawn from 0 to ORDERS - 1; what comes later is never hidden by what came before

    def __init__(self, **uniforms: Any) -> None:
        super().__init__()
        self.uniforms = uniforms

    def _compute_transparency(self) -> bool:
        return False


class HandSkin(Surface):
    """The hand: invisible, it hides what is behind it; overlays colour it."""

    fragment_shaders = {"occluder": "occluder.frag", "picture": "skin.frag"}  # noqa: RUF012
    order = 0


class SleeveShadow(Surface):
    """A tube inside a prop that grips a finger: takes its contact shadow."""

    fragment_shaders = {"picture": "metal.frag"}  # noqa: RUF012
    defines = {"SLEEVE_PASS": 1}  # noqa: RUF012
    order = 1


class PropMetal(Surface):
    """A prop."""

    fragment_shaders = {"picture": "metal.frag"}  # noqa: RUF012
    order = 2
