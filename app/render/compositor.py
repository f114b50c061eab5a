"""The picture a person sees: the frame, with an effect and overlays drawn into it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.render.blend import blend, over, trimmed
from app.render.camera_response import CameraResponse, apply_response, margin_px
from app.render.extent import extent, shadowed_skin
from app.render.gl.context import Context
from app.render.light.estimate import SceneLight
from app.render.motion import ScreenMotion
from app.render.occlusion_boundary import OcclusionBoundaries, find_boundaries
from app.render.orbit import Orbit, corner_viewport
from app.render.overlays import draw_joints
from app.render.scene import Effect, EffectContext, HandStyle, Paint, Prop, SceneItem, Water
from app.render.surface import HandSurface
from app.render.viewport import NEAR_M, Viewport, viewport_around
from models.hand.hand_data import HandData
from models.types import Camera, Float32, HandMesh, UInt8

if TYPE_CHECKING:
    from app.render.view3d import View3D
    from app.render.water_layer import WaterLayer


ON_HANDS = frozenset({"mesh", "wireframe"})
OVERLAYS = ("joints", *sorted(ON_HANDS))
FEATHER_PX = 1.3
LEAST_SOFT_PX = 0.95  # standard deviation: hides the steps of edges that are sampled once a pixel
SMOOTHED_PX = 45_000  # what casts and is larger has soft edges by its development alone
HAND_DEEP_M = 0.07  # from a hand's middle: the depths that take the skin's first and last colour
RESPONSE_REACH_PX = 20  # around what is drawn, in which the picture's softness and noise are looked at


class Compositor:
    """Draws effects and overlays onto frames. Make it, use it and close it on one thread.

    environment: the environment that metal reflects; None: the one most like the light in the picture.
    Raises NoGraphics when OpenGL cannot be started, ValueError for an unknown environment.
    """

    def __init__(self, hand: HandData, environment: str | None = None) -> None:
        surface = HandSurface(hand)
        light = SceneLight(surface, environment)
        self._thread = threading.get_ident()
        self._context = Context()
        from app.render.gl.layer import LayerRenderer  # imports OpenGL, which Context has just found to work
        from app.render.gl.nodes import SceneNodes

        self._surface = surface
        self._nodes = SceneNodes(self._surface)
        self._renderer = LayerRenderer()
        self._light, self._response, self._motion = light, CameraResponse(), ScreenMotion()
        self._water: WaterLayer | None = None  # made when there is water
        self._view3d: View3D | None = None  # made when it is looked through
        self._closed = False

    @property
    def graphics(self) -> str:
        """The OpenGL renderer's name and version."""
        return self._context.description

    def compose(
        self,
        frame_rgb: UInt8,
        hands: Sequence[HandMesh],
        camera: Camera,
        effect: Effect,
        time_s: float,
        overlays: frozenset[str] = frozenset(),
    ) -> UInt8:
        """A new picture (H, W, 3) of the frame's size; the frame itself stays as it is.

        hands: in the camera frame. overlays: any of OVERLAYS. Raises ValueError when frame, camera or
        overlays do not fit, RuntimeError on a foreign thread or after close().
        """
        self._check(frame_rgb, camera, overlays)
        hands = [hand for hand in hands if hand.vertices_m[:, 2].min() > NEAR_M]
        items = effect.place(EffectContext(frame_rgb, hands, camera, time_s))
        out = frame_rgb.copy()
        layer = self.layer(frame_rgb, hands, items, camera, time_s, overlays)
        if layer is not None:
            blend(out, *layer)
        if "joints" in overlays:
            for hand in hands:
                draw_joints(out, hand)
        return out

    def draw_aside(
        self,
        picture_rgb: UInt8,
        frame_rgb: UInt8,
        hands: Sequence[HandMesh],
        camera: Camera,
        orbit: Orbit,
        time_s: float,
    ) -> None:
        """Draw hands and camera as seen from aside into the corner of a picture (H, W, 3), in place."""
        from app.render.view3d import View3D

        self._check(frame_rgb, camera, frozenset())
        self._context.make_current()
        if self._view3d is None:
            self._view3d = View3D(self._surface)
        viewport = corner_viewport(camera.width, camera.height)
        view = self._view3d.draw(viewport, frame_rgb, hands, camera, orbit, time_s)
        blend(picture_rgb, viewport, view)

    def layer(
        self,
        frame_rgb: UInt8,
        hands: Sequence[HandMesh],
        items: Sequence[SceneItem],
        camera: Camera,
        time_s: float,
        overlays: frozenset[str] = frozenset(),
    ) -> tuple[Viewport, UInt8] | None:
        """What lies over the frame: a viewport and premultiplied RGBA (h, w, 4); None where nothing does.

        Props are given the camera's softness and noise; water is made of the photo, which has them.
        """
        props = [item for item in items if isinstance(item, Prop)]
        water = next((item for item in items if isinstance(item, Water)), None)
        hand_style = next((item for item in items if isinstance(item, HandStyle)), None)
        whole_hands = hand_style is not None or bool(overlays & ON_HANDS)
        if not (items or whole_hands):
            return None
        self._light.update(frame_rgb, hands, camera, time_s)
        points_m = extent(props, hands if whole_hands else (), water)
        motion_px = self._motion.motion_px(props, camera, time_s)
        blur_px = max(self._response.blur_px, LEAST_SOFT_PX if _casts(props) else 0.0)
        margin = margin_px(blur_px, motion_px)
        samples = 1 if water is not None else _samples(props, whole_hands)
        viewport = viewport_around(points_m, camera, margin, samples)
        if viewport is None:  # the shadow of what lies outside may be in the picture
            skin_m = shadowed_skin(props, hands, self._light.direction)
            viewport = viewport_around(skin_m, camera, margin, samples)
        if viewport is None:
            return None
        boundaries = find_boundaries(frame_rgb, props, hands, self._surface.regions, camera)
        viewport = boundaries.widen(viewport)
        viewport, sharp = self.render(viewport, hands, props, camera, overlays, hand_style, boundaries)
        if water is not None:
            wet = self._render_water(water, viewport, camera, viewport.part_of(frame_rgb, 0))
            return viewport, over(sharp, wet) if props or whole_hands else wet
        if whole_hands:
            return viewport, sharp
        self._response.update(viewport.part_of(frame_rgb, RESPONSE_REACH_PX), time_s)
        viewport, sharp = trimmed(viewport, sharp, margin)
        return viewport, apply_response(sharp, blur_px, motion_px, self._response.noise, time_s)

    def render(
        self,
        viewport: Viewport,
        hands: Sequence[HandMesh],
        props: Sequence[Prop],
        camera: Camera,
        overlays: frozenset[str] = frozenset(),
        hand_style: HandStyle | None = None,
        boundaries: OcclusionBoundaries | None = None,
    ) -> tuple[Viewport, UInt8]:
        """The viewport, widened to the shadows that props cast on hands; its premultiplied RGBA (h, w, 4).

        It is in the light of the last composed frame. boundaries: where the photo
        tells what is in front; None: the meshes do.
        """
        from app.render.cast_shadow import SOFT_PX, apply_shade, draw_shade, draw_shadow_map, widened
        from app.render.gl.layer import replace_vertices

        renderer, nodes = self._renderer, self._nodes
        self._context.make_current()
        nodes.show_props(props, hands)
        overlaid = bool(overlays & ON_HANDS)
        shown = nodes.show_hands(hands, hand_style, overlays & ON_HANDS, {prop.held_by for prop in props})
        renderer.upload(nodes.scene)
        for primitive, vertices in shown:
            replace_vertices(primitive, vertices)
        renderer.show_environments(self._light.environments)
        renderer.uniforms |= self._light.uniforms()
        casting = _casts(props)
        renderer.by_depth = casting
        shade = None
        if casting:
            skin_m = shadowed_skin(props, hands, self._light.direction)
            draw_shadow_map(renderer, nodes, np.concatenate([extent(props), skin_m]))
            near = viewport_around(skin_m, camera, SOFT_PX)
            shaded = viewport if near is None else viewport.widened((near.x, near.y), near.end)
            viewport, shade = widened(viewport, shaded, draw_shade(renderer, nodes, shaded, camera))
        coarse = min(2, viewport.samples)
        fx, fy, cx, cy = viewport.intrinsics(camera, coarse)
        renderer.uniforms |= {
            "mesh_alpha": 0.62 if "mesh" in overlays else 0.0,
            "wire_alpha": 0.75 if "wireframe" in overlays else 0.0,
            "samples": float(viewport.samples),
            "occluder_rays": np.array([1 / fx, 1 / fy, -cx / fx, -cy / fy], np.float32),
            "feather": FEATHER_PX * coarse,
            "pixel_m": 1 / camera.fx,
            "near_far": _depths(hands),
        }
        if hand_style is None:  # nothing hides a skin, nor its bones
            nodes.camera.intrinsics = (fx, fy, cx, cy)
            renderer.draw(nodes.scene, "occluder", viewport.width * coarse, viewport.height * coarse)
            if boundaries is not None:
                renderer.matte_occluder(viewport, coarse, boundaries)
        nodes.camera.intrinsics = viewport.intrinsics(camera, viewport.samples)
        shows_hands = hand_style is not None or overlaid
        if not props and not shows_hands:
            return viewport, np.zeros((viewport.height, viewport.width, 4), np.uint8)
        nodes.hide_hands(not shows_hands)
        renderer.by_depth = casting and not overlaid
        smooth = viewport.samples == 1 and (not casting or viewport.width * viewport.height < SMOOTHED_PX)
        renderer.draw(nodes.scene, "picture", *viewport.rendered_wh, multisampled=smooth)
        fine = renderer.read("picture", *viewport.rendered_wh)
        small = cv2.resize(fine, (viewport.width, viewport.height), interpolation=cv2.INTER_AREA)
        rgba = np.asarray(small, np.uint8)
        if shade is not None:
            apply_shade(rgba, shade)
        return viewport, rgba

    def _render_water(self, water: Water, viewport: Viewport, camera: Camera, photo_rgb: UInt8) -> UInt8:
        """(h, w, 4) premultiplied RGBA. The viewport's occluders have just been drawn."""
        from app.render.water_layer import WaterLayer

        if self._water is None:
            self._water = WaterLayer(self._renderer)
        return self._water.draw(water, viewport, camera, photo_rgb)

    def close(self) -> None:
        """Free the GPU's memory and the context. Twice is harmless."""
        if not self._closed:
            self._check_thread()
            self._closed = True
            self._context.make_current()
            for made in (self._water, self._view3d):
                if made is not None:
                    made.delete()
            self._renderer.delete()
            self._context.close()

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                "compositor: OpenGL belongs to the thread that made it; make one compositor on each thread"
            )

    def _check(self, frame_rgb: UInt8, camera: Camera, overlays: frozenset[str]) -> None:
        self._check_thread()
        if self._closed:
            raise RuntimeError("compositor: already closed; make a new one")
        if frame_rgb.dtype != np.uint8 or frame_rgb.shape != (camera.height, camera.width, 3):
            raise ValueError(
                f"compositor: expected a uint8 frame ({camera.height}, {camera.width}, 3) as the camera's, "
                f"got {frame_rgb.dtype} {frame_rgb.shape}"
            )
        if unknown := overlays - set(OVERLAYS):
            raise ValueError(
                f"overlays: there is no {sorted(unknown)[0]!r}; choose from {', '.join(OVERLAYS)}"
            )


def _samples(props: Sequence[Prop], whole_hands: bool) -> int:
    """The most samples a pixel is drawn with: many for a small ring, one for what fills the picture."""
    if _casts(props) or (whole_hands and not any(prop.mount for prop in props)):
        return 1
    return 2 if whole_hands else 3


def _casts(props: Sequence[Prop]) -> bool:
    """Whether there is anything whose shadow on the hand is drawn from a map."""
    return any(isinstance(prop.material, Paint) for prop in props)


def _depths(hands: Sequence[HandMesh]) -> Float32:
    """(2,) metres: from in front of the hands to behind them."""
    middle = float(np.mean([hand.joints_m[:, 2].mean() for hand in hands])) if hands else 0.5
    return np.array([middle - HAND_DEEP_M, middle + HAND_DEEP_M], np.float32)
