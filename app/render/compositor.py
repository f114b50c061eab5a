"""The picture a person sees: the frame, with an effect and overlays drawn into it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from app.render.blend import blend, over, trimmed
from app.render.camera_response import FilmFit, develop, margin_px
from app.render.extent import extent, shadowed_skin
from app.render.gl.context import Context
from app.render.light.estimate import SceneLight
from app.render.motion import ScreenMotion
from app.render.occlusion_boundary import Cuts, find_cuts
from app.render.orbit import Orbit, corner_window
from app.render.overlays import draw_joints
from app.render.scene import Effect, EffectContext, Paint, Prop, Skin, Thing, Water
from app.render.surface import HandSurface
from app.render.viewport import NEAR_M, Window, window_around
from models.hand.hand_data import HandData
from models.types import Camera, HandMesh

if TYPE_CHECKING:
    from app.render.view3d import View3D
    from app.render.water_layer import WaterLayer

Picture = NDArray[np.uint8]

ON_HANDS = frozenset({"mesh", "wireframe"})
OVERLAYS = ("joints", *sorted(ON_HANDS))
FEATHER_PX = 1.3
LEAST_SOFT_PX = 0.95  # standard deviation: hides the steps of edges that are sampled once a pixel
SMOOTHED_PX = 45_000  # what casts and is larger has soft edges by its development alone
HAND_DEEP_M = 0.07  # from a hand's middle: the depths that take the skin's first and last colour
FILM_REACH_PX = 20  # around what is drawn, in which the picture's softness and grain are looked at


class Compositor:
    """Draws effects and overlays onto frames. Make it, use it and close it on one thread.

    environment: the room that metal reflects; None: the one most like the light in the picture.
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
        self._light, self._film, self._motion = light, FilmFit(), ScreenMotion()
        self._water: WaterLayer | None = None  # made when there is water
        self._view3d: View3D | None = None  # made when it is looked through
        self._closed = False

    @property
    def graphics(self) -> str:
        """The OpenGL renderer's name and version."""
        return self._context.description

    def compose(
        self,
        frame_rgb: Picture,
        hands: Sequence[HandMesh],
        camera: Camera,
        effect: Effect,
        time_s: float,
        overlays: frozenset[str] = frozenset(),
    ) -> Picture:
        """A new picture (H, W, 3) of the frame's size; the frame itself stays as it is.

        hands: in the camera frame. overlays: any of OVERLAYS. Raises ValueError when frame, camera or
        overlays do not fit, RuntimeError on a foreign thread or after close().
        """
        self._check(frame_rgb, camera, overlays)
        hands = [hand for hand in hands if hand.vertices_m[:, 2].min() > NEAR_M]
        things = effect.place(EffectContext(frame_rgb, hands, camera, time_s))
        out = frame_rgb.copy()
        layer = self.layer(frame_rgb, hands, things, camera, time_s, overlays)
        if layer is not None:
            blend(out, *layer)
        if "joints" in overlays:
            for hand in hands:
                draw_joints(out, hand)
        return out

    def draw_aside(
        self,
        picture_rgb: Picture,
        frame_rgb: Picture,
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
        window = corner_window(camera.width, camera.height)
        view = self._view3d.draw(window, frame_rgb, hands, camera, orbit, time_s)
        blend(picture_rgb, window, view)

    def layer(
        self,
        frame_rgb: Picture,
        hands: Sequence[HandMesh],
        things: Sequence[Thing],
        camera: Camera,
        time_s: float,
        overlays: frozenset[str] = frozenset(),
    ) -> tuple[Window, Picture] | None:
        """What lies over the frame: a window and premultiplied RGBA (h, w, 4); None where nothing does.

        Props are given the camera's softness and grain; water is made of the photo, which has them.
        """
        props = [thing for thing in things if isinstance(thing, Prop)]
        water = next((thing for thing in things if isinstance(thing, Water)), None)
        skin = next((thing for thing in things if isinstance(thing, Skin)), None)
        whole_hands = skin is not None or bool(overlays & ON_HANDS)
        if not (things or whole_hands):
            return None
        self._light.update(frame_rgb, hands, camera, time_s)
        points_m = extent(props, hands if whole_hands else (), water)
        smear_px = self._motion.smear_px(props, camera, time_s)
        blur_px = max(self._film.blur_px, LEAST_SOFT_PX if _casts(props) else 0.0)
        margin = margin_px(blur_px, smear_px)
        samples = 1 if water is not None else _samples(props, whole_hands)
        window = window_around(points_m, camera, margin, samples)
        if window is None:  # the shadow of what lies outside may be in the picture
            skin_m = shadowed_skin(props, hands, self._light.direction)
            window = window_around(skin_m, camera, margin, samples)
        if window is None:
            return None
        cuts = find_cuts(frame_rgb, props, hands, self._surface.regions, camera)
        window = cuts.held_by(window)
        window, sharp = self.render(window, hands, props, camera, overlays, skin, cuts)
        if water is not None:
            wet = self._render_water(water, window, camera, window.part_of(frame_rgb, 0))
            return window, over(sharp, wet) if props or whole_hands else wet
        if whole_hands:
            return window, sharp
        self._film.update(window.part_of(frame_rgb, FILM_REACH_PX), time_s)
        window, sharp = trimmed(window, sharp, margin)
        return window, develop(sharp, blur_px, smear_px, self._film.grain, time_s)

    def render(
        self,
        window: Window,
        hands: Sequence[HandMesh],
        props: Sequence[Prop],
        camera: Camera,
        overlays: frozenset[str] = frozenset(),
        skin: Skin | None = None,
        cuts: Cuts | None = None,
    ) -> tuple[Window, Picture]:
        """The window, widened to the shadows that props cast on hands, and its premultiplied RGBA (h, w, 4).

        It is in the light of the last composed frame. cuts: where the photo shows what hides things; None:
        their meshes do.
        """
        from app.render.cast_shadow import SOFT_PX, apply_shade, draw_shade, draw_shadow_map, widened
        from app.render.gl.layer import replace_vertices

        renderer, nodes = self._renderer, self._nodes
        self._context.make_current()
        nodes.show_props(props, hands)
        overlaid = bool(overlays & ON_HANDS)
        shown = nodes.show_hands(hands, skin, overlays & ON_HANDS, {prop.held for prop in props})
        renderer.upload(nodes.scene)
        for primitive, vertices in shown:
            replace_vertices(primitive, vertices)
        renderer.show_rooms(self._light.rooms)
        renderer.uniforms |= self._light.uniforms()
        casting = _casts(props)
        renderer.by_depth = casting
        shade = None
        if casting:
            skin_m = shadowed_skin(props, hands, self._light.direction)
            draw_shadow_map(renderer, nodes, np.concatenate([extent(props), skin_m]))
            near = window_around(skin_m, camera, SOFT_PX)
            shaded = window if near is None else window.widened((near.x, near.y), near.end)
            window, shade = widened(window, shaded, draw_shade(renderer, nodes, shaded, camera))
        coarse = min(2, window.samples)
        fx, fy, cx, cy = window.intrinsics(camera, coarse)
        renderer.uniforms |= {
            "mesh_alpha": 0.62 if "mesh" in overlays else 0.0,
            "wire_alpha": 0.75 if "wireframe" in overlays else 0.0,
            "samples": float(window.samples),
            "occluder_rays": np.array([1 / fx, 1 / fy, -cx / fx, -cy / fy], np.float32),
            "feather": FEATHER_PX * coarse,
            "pixel_m": 1 / camera.fx,
            "near_far": _depths(hands),
        }
        if skin is None:  # nothing hides a skin, nor its bones
            nodes.camera.intrinsics = (fx, fy, cx, cy)
            renderer.draw(nodes.scene, "occluder", window.width * coarse, window.height * coarse)
            if cuts is not None:
                renderer.refine_occluder(window, coarse, cuts)
        nodes.camera.intrinsics = window.intrinsics(camera, window.samples)
        shows_hands = skin is not None or overlaid
        if not props and not shows_hands:
            return window, np.zeros((window.height, window.width, 4), np.uint8)
        nodes.hide_hands(not shows_hands)
        renderer.by_depth = casting and not overlaid
        smooth = window.samples == 1 and (not casting or window.width * window.height < SMOOTHED_PX)
        renderer.draw(nodes.scene, "picture", *window.rendered_wh, multisampled=smooth)
        fine = renderer.read("picture", *window.rendered_wh)
        small = cv2.resize(fine, (window.width, window.height), interpolation=cv2.INTER_AREA)
        rgba = np.asarray(small, np.uint8)
        if shade is not None:
            apply_shade(rgba, shade)
        return window, rgba

    def _render_water(self, water: Water, window: Window, camera: Camera, photo_rgb: Picture) -> Picture:
        """(h, w, 4) premultiplied RGBA. The window's occluders have just been drawn."""
        from app.render.water_layer import WaterLayer

        if self._water is None:
            self._water = WaterLayer(self._renderer)
        return self._water.draw(water, window, camera, photo_rgb)

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

    def _check(self, frame_rgb: Picture, camera: Camera, overlays: frozenset[str]) -> None:
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
    if _casts(props) or (whole_hands and not any(prop.grip for prop in props)):
        return 1
    return 2 if whole_hands else 3


def _casts(props: Sequence[Prop]) -> bool:
    """Whether there is anything whose shadow on the hand is drawn from a map."""
    return any(isinstance(prop.material, Paint) for prop in props)


def _depths(hands: Sequence[HandMesh]) -> NDArray[np.float32]:
    """(2,) metres: from in front of the hands to behind them."""
    middle = float(np.mean([hand.joints_m[:, 2].mean() for hand in hands])) if hands else 0.5
    return np.array([middle - HAND_DEEP_M, middle + HAND_DEEP_M], np.float32)
