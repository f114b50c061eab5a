"""What pyrender needs to know of our surfaces: which shaders draw them, and with which uniforms."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pyrender.material import Material as PyrenderMaterial

from app.render.scene import HAND_STYLES, Bone, Gem, Geometry, HandStyle, Material, Paint
from models.types import Float32

Stage = Literal["shadow", "shade", "occluder", "surface", "picture"]
ORDERS = 3
MOST_FACETS = 64
"""MOST_FACETS of gem.frag."""


class Surface(PyrenderMaterial):
    """A material with our own shaders: a fragment shader for every stage in which the surface is drawn."""

    fragment_shaders: dict[Stage, str]
    order: int  # drawn from 0 to ORDERS - 1; what comes later is never hidden by what came before
    distance_m: float = 0.0  # from the camera, of its middle
    place: int = 0  # in its list; decides where order and distance are equal

    def __init__(self, **uniforms: Any) -> None:
        super().__init__()
        self.uniforms = uniforms

    def _compute_transparency(self) -> bool:
        return False


class HandMaterial(Surface):
    """The hand: invisible, it hides what is behind it and takes shadows; overlays colour it."""

    order = 0

    def __init__(self, **uniforms: Any) -> None:
        super().__init__(caster=np.array([0, 1], np.float32), **uniforms)
        self.fragment_shaders = {
            "shadow": "cast.frag",
            "shade": "shade_hand.frag",
            "occluder": "occluder.frag",
            "picture": "hand_overlay.frag",
        }

    def show_as(self, style: HandStyle | None, overlaid: bool = False) -> None:
        """Look so in the picture; None: invisible, or as overlays want it."""
        bare = "hand_overlay.frag" if overlaid else "depth_only.frag"
        self.fragment_shaders["picture"] = bare if style is None else "hand_style.frag"
        if style is not None:
            self.uniforms["style"] = HAND_STYLES.index(style.name)


class SleeveShadow(Surface):
    """A tube inside a prop that grips a finger: takes its contact shadow."""

    fragment_shaders = {"picture": "ring/sleeve.frag"}  # noqa: RUF012
    order = 1


class PropMetal(Surface):
    """A prop of metal."""

    fragment_shaders = {"surface": "ring/metal_surface.frag", "picture": "ring/metal.frag"}  # noqa: RUF012
    order = 2


class PropPaint(Surface):
    """A prop of anything else. It casts a shadow."""

    fragment_shaders = {"shadow": "cast.frag", "shade": "shade_prop.frag", "picture": "paint.frag"}  # noqa: RUF012
    order = 2


class PropBone(Surface):
    """A bone in an X-ray picture."""

    fragment_shaders = {"picture": "bone.frag"}  # noqa: RUF012
    order = 2


class PropGem(Surface):
    """A prop of a clear stone, cut as its geometry is."""

    fragment_shaders = {"picture": "ring/gem.frag"}  # noqa: RUF012
    order = 2


def surface_for(geometry: Geometry, material: Material) -> Surface:
    """What draws a geometry of a material."""
    if isinstance(material, Gem):
        spread = np.array([-0.5, 0.0, 0.5], np.float32) * material.dispersion
        planes = facets(geometry)
        return PropGem(
            facets=planes,
            facet_count=len(planes),
            size=float(np.ptp(geometry.vertices_m, axis=0).max()),
            clarity=np.array(material.rgb, np.float32),
            indices=(material.ior + spread).astype(np.float32),
        )
    if isinstance(material, Bone):
        return PropBone()
    if isinstance(material, Paint):
        return PropPaint(
            paint_rgb=np.array(material.rgb, np.float32),
            roughness=float(material.roughness),
            glow_rgb=np.array(material.glow_rgb, np.float32),
            caster=np.array([1, 0], np.float32),
        )
    return PropMetal(
        reflectance=np.array(material.reflectance_rgb, np.float32),
        roughness=float(material.roughness),
        brushed=float(material.brushed),
    )


def facets(geometry: Geometry) -> Float32:
    """(N, 4) outward unit normal and distance from the origin of each flat facet, MOST_FACETS largest."""
    a, b, c = (geometry.vertices_m[geometry.faces[:, k]].astype(np.float64) for k in range(3))
    normals = np.cross(b - a, c - a)
    area = np.linalg.norm(normals, axis=1)
    normals, a, area = normals[area > 0] / area[area > 0, None], a[area > 0], area[area > 0]
    size = np.ptp(geometry.vertices_m, axis=0).max()
    planes = np.column_stack([normals, (normals * a).sum(1) / size])
    _, first, which = np.unique(planes.round(2), axis=0, return_index=True, return_inverse=True)
    largest = np.argsort(-np.bincount(which.ravel(), area))[:MOST_FACETS]
    return (planes[first[largest]] * [1, 1, 1, size]).astype(np.float32)
