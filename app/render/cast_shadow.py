"""The shadow pass: a picture from the light, and from it the shade on hands and props."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from app.render.extent import extent, shadowed_skin
from app.render.gl.layer import LayerRenderer, Pass, projection
from app.render.gl.nodes import SceneNodes
from app.render.layer_scene import LayerScene
from app.render.light.shadow import SHADOW_MAP_PX, shadow_camera
from app.render.viewport import Viewport, viewport_around
from models.types import Camera, UInt8

_COARSE = 1 / 3  # samples per picture pixel: shadows are soft
_BLUR = 1.0  # coarse pixels
SOFT_PX = 12  # picture pixels: farther beyond the skin that blur carries no shadow
_SHADE_RGB = (26, 9, 5)  # sRGB: light that skin scatters into its own shadow


def draw_shadows(
    renderer: LayerRenderer,
    nodes: SceneNodes,
    scene: LayerScene,
    viewport: Viewport,
    uniforms: Mapping[str, Any],
) -> tuple[Viewport, UInt8]:
    """The viewport, widened to the shadows that props cast on hands, and its shade (h, w, 2).

    uniforms: of the scene's light.
    """
    to_light = uniforms["light_direction"]
    skin_m = shadowed_skin(scene.props, scene.hands, to_light)
    view = shadow_camera(np.concatenate([extent(scene.props), skin_m]), to_light)
    uniforms = {
        **uniforms,
        "shadow_from_cam": view.map_from_cam,
        "shadow_size_m": view.size_m.astype(np.float32),
    }
    map_wh = (SHADOW_MAP_PX, SHADOW_MAP_PX)
    renderer.draw(nodes.scene, Pass("shadow", view.clip_from_cam, map_wh, uniforms, by_depth=True))
    near = viewport_around(skin_m, scene.camera, SOFT_PX)
    shaded = viewport if near is None else viewport.widened((near.x, near.y), near.end)
    return widened(viewport, shaded, draw_shade(renderer, nodes, shaded, scene.camera, uniforms))


def draw_shade(
    renderer: LayerRenderer,
    nodes: SceneNodes,
    viewport: Viewport,
    camera: Camera,
    uniforms: Mapping[str, Any],
) -> UInt8:
    """(h, w, 2) how dark, 0..255, hands and props are where they are in shadow, in one viewport."""
    width, height = (int(np.ceil(_COARSE * n)) for n in (viewport.width, viewport.height))
    clip_from_cam = projection(viewport.intrinsics(camera, _COARSE), width, height)
    renderer.draw(nodes.scene, Pass("shade", clip_from_cam, (width, height), uniforms, by_depth=True))
    coarse = cv2.GaussianBlur(renderer.read("shade", width, height)[..., :2], (0, 0), _BLUR)
    fine = cv2.resize(coarse, None, fx=1 / _COARSE, fy=1 / _COARSE, interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine[: viewport.height, : viewport.width], np.uint8)


def widened(viewport: Viewport, shaded: Viewport, shade: UInt8) -> tuple[Viewport, UInt8]:
    """A viewport that also holds all shadows on hands, and its part of the shade of the larger `shaded`."""
    x, y, w, h = cv2.boundingRect(cv2.extractChannel(shade, 0))
    if w:
        x, y = shaded.x + x, shaded.y + y
        viewport = viewport.widened((x, y), (x + w, y + h))
    x, y = viewport.x - shaded.x, viewport.y - shaded.y
    return viewport, shade[y : y + viewport.height, x : x + viewport.width]


def apply_shade(rgba: UInt8, shade: UInt8) -> None:
    """Darken the props of a premultiplied picture (h, w, 4) and lay the hands' shade under them, in place."""
    x, y, w, h = cv2.boundingRect(cv2.max(*cv2.split(shade)))
    if not w:
        return
    rgba, shade = rgba[y : y + h, x : x + w], shade[y : y + h, x : x + w]
    hand, prop = cv2.split(shade)
    under = cv2.multiply(cv2.bitwise_not(rgba[..., 3]), hand, scale=1 / 255)
    lit = cv2.merge([cv2.bitwise_not(prop)] * 3 + [np.full_like(prop, 255)])
    below = cv2.merge([cv2.convertScaleAbs(under, alpha=c / 255) for c in _SHADE_RGB] + [under])
    rgba[:] = cv2.add(cv2.multiply(rgba, lit, scale=1 / 255), below)
