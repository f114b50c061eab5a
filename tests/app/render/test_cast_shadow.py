"""Shadows of things on hands: where they are drawn, and where not."""

from __future__ import annotations

import numpy as np
import pytest

from app.effects import make_effect
from app.render.cast_shadow import draw_shade, widened
from app.render.extent import extent, shadowed_skin
from app.render.layer_scene import LayerScene
from app.render.scene import EffectContext, Prop
from app.render.viewport import Viewport, viewport_around
from models.geometry import camera_from_fov, project
from tests.app.render.render_help import ball, grey_frame, open_compositor, posed_hand

CAMERA = camera_from_fov(640, 480)
WHOLE = Viewport(0, 0, CAMERA.width, CAMERA.height, 1)


@pytest.fixture(scope="module")
def compositor():
    made = open_compositor()
    yield made
    made.close()


def ball_before(hand, by_m=0.06) -> Prop:
    """A ball that floats between a hand and the lamp, which is above the camera and to its left or right."""
    return ball(hand.joints_m.mean(0) - [0, 0, by_m])


def test_a_shadow_beside_its_thing_is_drawn_whole(compositor):
    hand = posed_hand(CAMERA)
    prop = ball_before(hand)
    compositor.layer(grey_frame(CAMERA), [hand], [prop], CAMERA, 0.0)
    own = viewport_around(extent([prop]), CAMERA, 4, 1)
    assert own is not None
    wider, part = compositor.render(LayerScene([hand], [prop], CAMERA), own)
    _, whole = compositor.render(LayerScene([hand], [prop], CAMERA), WHOLE)
    assert own.width * own.height < wider.width * wider.height < 0.3 * whole[..., 3].size
    pasted = np.zeros_like(whole)
    pasted[wider.y : wider.y + wider.height, wider.x : wider.x + wider.width] = part
    beside = np.ones(whole.shape[:2], bool)
    beside[own.y : own.y + own.height, own.x : own.x + own.width] = False
    assert whole[beside, 3].max() > 60
    assert np.abs(pasted.astype(int) - whole)[beside].max() <= 6  # the shade's coarse pixels lie elsewhere


def test_shade_is_looked_for_farther_than_the_skin_as_it_is_blurred(compositor, monkeypatch):
    hand, looked_at = posed_hand(CAMERA), []

    def record(renderer, nodes, viewport, camera, uniforms):
        looked_at.append(viewport)
        return draw_shade(renderer, nodes, viewport, camera, uniforms)

    monkeypatch.setattr("app.render.cast_shadow.draw_shade", record)
    compositor.layer(grey_frame(CAMERA), [hand], [ball_before(hand)], CAMERA, 0.0)
    to_light = compositor._light.direction
    skin_px = project(shadowed_skin([ball_before(hand)], [hand], to_light), CAMERA)
    assert (skin_px.min(0) - 10 > [looked_at[0].x, looked_at[0].y]).all()
    assert (skin_px.max(0) + 10 < looked_at[0].end).all()


def test_a_layer_reaches_as_far_as_its_shadow(compositor):
    hand = posed_hand(CAMERA)
    prop = ball_before(hand)
    viewport, _ = compositor.layer(grey_frame(CAMERA), [hand], [prop], CAMERA, 0.0)
    _, whole = compositor.render(LayerScene([hand], [prop], CAMERA), WHOLE)
    dark = np.argwhere(whole[..., 3] > 8)
    assert (dark.min(0) >= [viewport.y, viewport.x]).all()
    assert (dark.max(0) < [viewport.y + viewport.height, viewport.x + viewport.width]).all()


def test_a_window_without_shadow_stays():
    own, shaded = Viewport(50, 40, 20, 10, 1), Viewport(30, 20, 80, 70, 1)
    shade = np.zeros((70, 80, 2), np.uint8)
    shade[5, 70, 1] = 200  # things in shadow are in the viewport anyway
    assert widened(own, shaded, shade)[0] == own
    shade[30:60, 25:30, 0] = 1
    wider, part = widened(own, shaded, shade)
    assert wider == Viewport(50, 40, 20, 40, 1)
    np.testing.assert_array_equal(part, shade[20:60, 20:40])


@pytest.mark.parametrize("aside_m", [-0.3, 0.3])
def test_skin_far_from_a_thing_lies_in_no_shadow(compositor, aside_m):
    props = make_effect("racket").place(EffectContext(grey_frame(CAMERA), [posed_hand(CAMERA)], CAMERA, 0.0))
    for height_m in np.arange(-0.3, 0.31, 0.1):
        hand = posed_hand(CAMERA, at=(aside_m, height_m, 0.6))
        viewport = Viewport(0, 0, CAMERA.width, CAMERA.height, 1)
        compositor.layer(grey_frame(CAMERA), [hand], props, CAMERA, 0.0)
        scenes = (LayerScene(hands, props, CAMERA) for hands in ([hand], []))
        with_it, without = (compositor.render(scene, viewport)[1] for scene in scenes)
        np.testing.assert_array_equal(with_it[..., 3], without[..., 3])
