"""Shadows between props and hands: a picture from the light, and from it the shade on the hands."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.render.gl.layer import LayerRenderer
from app.render.gl.nodes import SceneNodes
from app.render.light.shadow import SHADOW_MAP_PX, shadow_camera
from app.render.viewport import Viewport
from models.types import Camera, UInt8

_COARSE = 1 / 3  # samples per picture pixel: shadows are soft
_BLUR = 1.0  # coarse pixels
SOFT_PX = 12  # picture pixels: farther beyond the skin that blur carries no shadow
_SHADE_RGB = (26, 9, 5)  # sRGB: light that skin scatters into its own shadow


def draw_shadow_map(renderer: LayerRenderer, nodes: SceneNodes, points_m: NDArray[np.floating]) -> None:
    """Fill the map that shaders read, for whatever lies around (N, 3) points of the camera frame."""
    view = shadow_camera(points_m, renderer.uniforms["light_direction"])
    renderer.uniforms |= {
        "shadow_from_cam": view.map_from_cam,
        "shadow_size_m": view.size_m.astype(np.float32),
    }
    nodes.camera.clip_from_cam = view.clip_from_cam
    renderer.draw(nodes.scene, "shadow", SHADOW_MAP_PX, SHADOW_MAP_PX)
    nodes.camera.clip_from_cam = None


def draw_shade(renderer: LayerRenderer, nodes: SceneNodes, viewport: Viewport, camera: Camera) -> UInt8:
    """(h, w, 2) how dark, 0..255, hands and props are where they are in shadow, in one viewport."""
    width, height = (int(np.ceil(_COARSE * n)) for n in (viewport.width, viewport.height))
    nodes.camera.intrinsics = viewport.intrinsics(camera, _COARSE)
    renderer.draw(nodes.scene, "shade", width, height)
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
