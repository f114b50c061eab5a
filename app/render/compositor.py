"""The picture a person sees: the frame, with an effect and overlays drawn into it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from app.frame import Layer
from app.render.blend import blend, over, trimmed
from app.render.camera_response import CameraResponse, apply_response, margin_px
from app.render.extent import extent, shadowed_skin
from app.render.gl.context import Context
from app.render.gl.layer import LayerRenderer
from app.render.gl.nodes import SceneNodes
from app.render.layer_scene import ON_HANDS, LayerScene
from app.render.light.estimate import SceneLight
from app.render.motion import ScreenMotion
from app.render.occlusion_boundary import find_boundaries
from app.render.orbit import Orbit, corner_viewport
from app.render.overlays import draw_joints, joints_layer
from app.render.passes import draw_layer
from app.render.scene import Effect, EffectContext, HandStyle, Prop, SceneItem, Water
from app.render.surface import HandSurface
from app.render.view3d import View3D
from app.render.viewport import NEAR_M, Viewport, viewport_around
from app.render.water_layer import WaterLayer
from models.hand.hand_data import HandData
from models.types import Camera, HandMesh, UInt8

OVERLAYS = ("joints", *sorted(ON_HANDS))
LEAST_SOFT_PX = 0.95  # standard deviation: hides the steps of edges that are sampled once a pixel
RESPONSE_REACH_PX = 20  # around what is drawn, in which the picture's softness and noise are looked at


class Compositor:
    """Draws effects and overlays onto frames. Make it, use it and close it on one thread.

    Importing this module imports OpenGL; `app.render.opening` opens a context first.
    """

    def __init__(self, context: Context, hand: HandData, environment: str | None = None) -> None:
        """context: open on this thread; it is closed with the compositor.

        environment: the map that metal reflects; None: the one most like the light in the picture.
        Raises ValueError for an unknown environment.
        """
        self._thread = threading.get_ident()
        self._context = context
        self._surface = HandSurface(hand)
        self._light = SceneLight(self._surface, environment)
        self._nodes = SceneNodes(self._surface)
        self._renderer = LayerRenderer()
        self._response, self._motion = CameraResponse(), ScreenMotion()
        self._water: WaterLayer | None = None  # made when there is water
        self._view3d: View3D | None = None  # made when it is looked through
        self._closed = False
        self.drawn: list[Layer] = []  # over the last frame, from back to front
        self.keeps_joints = False  # among what was drawn: nobody needs them apart, but for who records it

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
        self.drawn = []
        layer = self.layer(frame_rgb, hands, items, camera, time_s, overlays)
        if layer is not None:
            self._lay_over(out, *layer)
        if "joints" in overlays:
            for hand in hands:
                draw_joints(out, hand)
                if self.keeps_joints and (apart := joints_layer(hand, camera.width, camera.height)):
                    self.drawn.append(apart)
        return out

    def _lay_over(self, picture_rgb: UInt8, viewport: Viewport, rgba: UInt8) -> None:
        blend(picture_rgb, viewport, rgba)
        self.drawn.append(Layer(viewport.x, viewport.y, rgba))

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
        self._check(frame_rgb, camera, frozenset())
        self._context.make_current()
        if self._view3d is None:
            self._view3d = View3D(self._surface)
        viewport = corner_viewport(camera.width, camera.height)
        view = self._view3d.draw(viewport, frame_rgb, hands, camera, orbit, time_s)
        self._lay_over(picture_rgb, viewport, view)

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
        if not (items or overlays & ON_HANDS):
            return None
        props = [item for item in items if isinstance(item, Prop)]
        water = next((item for item in items if isinstance(item, Water)), None)
        hand_style = next((item for item in items if isinstance(item, HandStyle)), None)
        boundaries = find_boundaries(frame_rgb, props, hands, self._surface.regions, camera)
        scene = LayerScene(hands, props, camera, overlays, hand_style, boundaries)
        self._light.update(frame_rgb, hands, camera, time_s)
        motion_px = self._motion.motion_px(props, camera, time_s)
        blur_px = max(self._response.blur_px, LEAST_SOFT_PX if scene.casts else 0.0)
        margin = margin_px(blur_px, motion_px)
        viewport = self._viewport(scene, water, margin)
        if viewport is None:
            return None
        viewport, sharp = self.render(scene, boundaries.widen(viewport))
        if water is not None:
            wet = self._draw_water(water, viewport, camera, viewport.part_of(frame_rgb, 0))
            return viewport, over(sharp, wet) if props or scene.shows_hands else wet
        if scene.shows_hands:
            return viewport, sharp
        self._response.update(viewport.part_of(frame_rgb, RESPONSE_REACH_PX), time_s)
        viewport, sharp = trimmed(viewport, sharp, margin)
        return viewport, apply_response(sharp, blur_px, motion_px, self._response.noise, time_s)

    def render(self, scene: LayerScene, viewport: Viewport) -> tuple[Viewport, UInt8]:
        """The viewport, widened to the shadows that props cast on hands; its premultiplied RGBA (h, w, 4).

        It is in the light of the last composed frame, sharp and without the camera's noise.
        """
        self._context.make_current()
        return draw_layer(self._renderer, self._nodes, scene, viewport, self._light)

    def _viewport(self, scene: LayerScene, water: Water | None, margin: int) -> Viewport | None:
        """The part of the frame in which something is drawn, and a margin in pixels around it."""
        samples = 1 if water is not None else scene.samples
        points_m = extent(scene.props, scene.hands if scene.shows_hands else (), water)
        viewport = viewport_around(points_m, scene.camera, margin, samples)
        if viewport is not None:
            return viewport
        # The shadow of what lies outside may be in the picture
        skin_m = shadowed_skin(scene.props, scene.hands, self._light.direction)
        return viewport_around(skin_m, scene.camera, margin, samples)

    def _draw_water(self, water: Water, viewport: Viewport, camera: Camera, photo_rgb: UInt8) -> UInt8:
        """(h, w, 4) premultiplied RGBA. The viewport's occluders have just been drawn."""
        if self._water is None:
            self._water = WaterLayer(self._renderer)
        return self._water.draw(water, viewport, camera, photo_rgb, self._light.uniforms())

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
