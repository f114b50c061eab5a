"""The passes that draw a layer, each from what it is handed: shadow, occluder, colour.

The camera response, the last of them, is applied to their picture by `app.render.camera_response`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from app.render.cast_shadow import apply_shade, draw_shadows
from app.render.gl.layer import LayerRenderer, Pass, projection, replace_vertices
from app.render.gl.nodes import SceneNodes
from app.render.layer_scene import ON_HANDS, LayerScene
from app.render.light.estimate import SceneLight
from app.render.viewport import Viewport
from models.types import Float32, HandMesh, UInt8

FEATHER_PX = 1.3
SMOOTHED_PX = 45_000  # what casts and is larger has soft edges by the camera response alone
HAND_DEEP_M = 0.07  # from a hand's middle: the depths with the first and last colour of the style `depth`


def draw_layer(
    renderer: LayerRenderer, nodes: SceneNodes, scene: LayerScene, viewport: Viewport, light: SceneLight
) -> tuple[Viewport, UInt8]:
    """The viewport, widened to the shadows that props cast on hands; its premultiplied RGBA (h, w, 4).

    The context that made the renderer must be current.
    """
    _upload(renderer, nodes, scene, light)
    uniforms = light.uniforms()
    shade = None
    if scene.casts:
        viewport, shade = draw_shadows(renderer, nodes, scene, viewport, uniforms)
    uniforms |= _viewport_uniforms(scene, viewport)
    if scene.hand_style is None:  # nothing hides a hand that is drawn itself, nor its bones
        draw_occluder(renderer, nodes, scene, viewport, uniforms)
    if not scene.props and not scene.shows_hands:
        return viewport, np.zeros((viewport.height, viewport.width, 4), np.uint8)
    rgba = draw_colour(renderer, nodes, scene, viewport, uniforms)
    if shade is not None:
        apply_shade(rgba, shade)
    return viewport, rgba


def draw_occluder(
    renderer: LayerRenderer,
    nodes: SceneNodes,
    scene: LayerScene,
    viewport: Viewport,
    uniforms: Mapping[str, Any],
) -> None:
    """What stands in front: the hands' depth and parts, ended where the photo shows their boundaries."""
    samples = _occluder_samples(viewport)
    size_wh = viewport.width * samples, viewport.height * samples
    clip_from_cam = projection(viewport.intrinsics(scene.camera, samples), *size_wh)
    renderer.draw(nodes.scene, Pass("occluder", clip_from_cam, size_wh, uniforms, by_depth=scene.casts))
    if scene.boundaries is not None:
        renderer.matte_occluder(viewport, samples, scene.boundaries)


def draw_colour(
    renderer: LayerRenderer,
    nodes: SceneNodes,
    scene: LayerScene,
    viewport: Viewport,
    uniforms: Mapping[str, Any],
) -> UInt8:
    """(h, w, 4) premultiplied RGBA of props and shown hands, less what the occluder hides."""
    nodes.hide_hands(not scene.shows_hands)
    fx, fy, cx, cy = intrinsics = viewport.intrinsics(scene.camera, viewport.samples)
    state = Pass(
        "picture",
        projection(intrinsics, *viewport.rendered_wh),
        viewport.rendered_wh,
        uniforms,
        rays=np.array([1 / fx, 1 / fy, -cx / fx, -cy / fy], np.float32),
        by_depth=scene.casts and not scene.overlaid,
        multisampled=viewport.samples == 1
        and (not scene.casts or viewport.width * viewport.height < SMOOTHED_PX),
    )
    renderer.draw(nodes.scene, state)
    fine = renderer.read("picture", *viewport.rendered_wh)
    small = cv2.resize(fine, (viewport.width, viewport.height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _upload(renderer: LayerRenderer, nodes: SceneNodes, scene: LayerScene, light: SceneLight) -> None:
    """Bring this frame's meshes and environment maps to the GPU."""
    nodes.show_props(scene.props, scene.hands)
    holders = {prop.held_by for prop in scene.props}
    shown = nodes.show_hands(scene.hands, scene.hand_style, scene.overlays & ON_HANDS, holders)
    renderer.upload(nodes.scene)
    for primitive, vertices in shown:
        replace_vertices(primitive, vertices)
    renderer.show_environments(light.environments)


def _viewport_uniforms(scene: LayerScene, viewport: Viewport) -> dict[str, Any]:
    samples = _occluder_samples(viewport)
    fx, fy, cx, cy = viewport.intrinsics(scene.camera, samples)
    return {
        "mesh_alpha": 0.62 if "mesh" in scene.overlays else 0.0,
        "wire_alpha": 0.75 if "wireframe" in scene.overlays else 0.0,
        "samples": float(viewport.samples),
        "occluder_rays": np.array([1 / fx, 1 / fy, -cx / fx, -cy / fy], np.float32),
        "feather": FEATHER_PX * samples,
        "pixel_m": 1 / scene.camera.fx,
        "near_far": _depths(scene.hands),
    }


def _occluder_samples(viewport: Viewport) -> int:
    return min(2, viewport.samples)


def _depths(hands: Sequence[HandMesh]) -> Float32:
    """(2,) metres: from in front of the hands to behind them."""
    middle = float(np.mean([hand.joints_m[:, 2].mean() for hand in hands])) if hands else 0.5
    return np.array([middle - HAND_DEEP_M, middle + HAND_DEEP_M], np.float32)
