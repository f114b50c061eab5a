"""What is in front of a ring ends where the photo shows it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.effects import Rings, RingSettings, make_effect
from app.render.layer_scene import LayerScene
from app.render.occlusion_boundary import (
    HandBoundary,
    RingBoundary,
    find_boundaries,
    hand_boundaries,
    matte_boundary,
    ring_boundaries,
)
from app.render.scene import EffectContext
from app.render.viewport import NOTHING_M, Viewport
from models.geometry import camera_from_fov
from models.hand.hand_data import load_open_hand
from tests.app.render.render_help import BACK, PALM, grey_frame, open_compositor, posed_hand

CAMERA = camera_from_fov(640, 480)
SKIN, WALL = (190, 150, 130), (90, 100, 110)
BOUNDARY = RingBoundary(np.array([132.0, 112]), np.array([132.0, 112]), 12.0, (4, 0), 0.38, 0.40)
VIEWPORT = Viewport(100, 80, 64, 64, 3)
MIDDLE = 32  # of the viewport, where the mesh of what is in front of the ring ends


def picture(edge: float, left=SKIN, right=WALL, noise: float = 3.0) -> np.ndarray:
    """(480, 640, 3) two colours beside each other, soft and noisy."""
    flat = np.where((np.arange(640) < edge)[None, :, None], left, right) * np.ones((480, 1, 1))
    speckle = np.random.default_rng(0).normal(0, noise, flat.shape)
    return np.clip(cv2.GaussianBlur(flat, (0, 0), 0.8) + speckle, 0, 255).astype(np.uint8)


def half_covered(depth_m: float, part: float, samples: int = 2) -> np.ndarray:
    """(h, w, 2) what is in front of the ring on the left, nothing on the right."""
    occluder = np.full((64 * samples, 64 * samples, 2), (NOTHING_M, -1), np.float32)
    occluder[:, : MIDDLE * samples] = depth_m, part
    return occluder


def edge_px(occluder: np.ndarray, samples: int = 2) -> np.ndarray:
    """Where what is in front of the ring ends, in the rows beside the ring."""
    near = (occluder[..., 0] < NOTHING_M).sum(1) / samples
    return near[20 * samples : -20 * samples]


@pytest.mark.parametrize("samples", [1, 2])
@pytest.mark.parametrize("off", [-4, -2, 0, 2, 4])
def test_edge_goes_where_the_photo_has_it(off, samples):
    occluder = half_covered(0.3, 2, samples)
    assert matte_boundary(occluder, VIEWPORT, BOUNDARY, picture(132 + off)) is not None
    found = edge_px(occluder, samples) - MIDDLE
    assert found.mean() == pytest.approx(off, abs=0.5)
    assert found.std() < 0.4
    assert set(np.unique(occluder[..., 0])) == {np.float32(0.3), NOTHING_M}
    assert set(np.unique(occluder[..., 1])) == {-1, 2}


def test_skin_before_skin_is_told_apart_by_its_shade():
    occluder = half_covered(0.3, 2)
    matte_boundary(occluder, VIEWPORT, BOUNDARY, picture(135, SKIN, (170, 130, 110)))
    assert edge_px(occluder).mean() - MIDDLE == pytest.approx(3, abs=0.8)


def test_without_an_edge_in_the_photo_the_mesh_stays():
    occluder = half_covered(0.3, 2)
    matte_boundary(occluder, VIEWPORT, BOUNDARY, picture(132, SKIN, SKIN))
    assert np.abs(edge_px(occluder) - MIDDLE).max() <= 1


def test_an_edge_far_from_the_mesh_is_another():
    occluder = half_covered(0.3, 2)
    matte_boundary(occluder, VIEWPORT, BOUNDARY, picture(145))
    assert np.abs(edge_px(occluder) - MIDDLE).max() <= 0.45 * 12 + 1


def test_a_ring_moved_to_the_photo_takes_what_is_before_it_along():
    """The mesh lies 6 px to the left of the photo; so does its edge."""
    drawn = RingBoundary(BOUNDARY.at_px, np.array([138.0, 112]), BOUNDARY.radius_px, BOUNDARY.own, 0.38, 0.40)
    occluder = half_covered(0.3, 2)
    matte_boundary(occluder, VIEWPORT, drawn, picture(138))
    assert edge_px(occluder).mean() == pytest.approx(MIDDLE, abs=0.5)


def test_own_finger_and_what_is_behind_stay():
    for depth_m, part in [(0.39, 4), (0.39, 0), (0.45, 2)]:
        occluder = half_covered(depth_m, part)
        assert matte_boundary(occluder, VIEWPORT, BOUNDARY, picture(135)) is None
        np.testing.assert_array_equal(occluder, half_covered(depth_m, part))


def test_a_large_ring_is_looked_at_in_a_smaller_picture():
    near = RingBoundary(BOUNDARY.at_px, BOUNDARY.at_px, 40.0, BOUNDARY.own, 0.38, 0.40)
    viewport = Viewport(10, 10, 244, 204, 2)
    occluder = np.full((408, 488, 2), (NOTHING_M, -1), np.float32)
    occluder[:, :244] = 0.3, 2
    matte_boundary(occluder, viewport, near, picture(132 + 9))
    found = (occluder[180:220, :, 0] < NOTHING_M).sum(1) / 2 - 122
    assert found.mean() == pytest.approx(9, abs=1.5)


def place(hands, **settings):
    effect = make_effect("ring", Rings((RingSettings(**settings),)))
    return effect.place(EffectContext(grey_frame(CAMERA), hands[:1], CAMERA, 0.0))


def test_only_rings_with_something_in_front_of_them_cost():
    regions = load_open_hand().regions
    wearer = posed_hand(CAMERA, turn=BACK)
    assert not ring_boundaries(place([wearer], finger="index"), [wearer], regions, CAMERA)
    other = posed_hand(CAMERA, turn=PALM, at=(0.02, 0.06, 0.3), track_id=2)
    (boundary,) = ring_boundaries(place([wearer], finger="index"), [wearer, other], regions, CAMERA)
    assert boundary.own == (2, 0)
    assert boundary.in_front_m == pytest.approx(0.4, abs=0.05)


def test_a_viewport_is_widened_to_boundaries_that_are_looked_at():
    hand = posed_hand(CAMERA)
    racket = make_effect("racket").place(EffectContext(grey_frame(CAMERA), [hand], CAMERA, 0.0))
    regions, small = load_open_hand().regions, Viewport(320, 240, 10, 10, 1)
    boundaries = find_boundaries(grey_frame(CAMERA), racket, [hand], regions, CAMERA)
    (box,) = boundaries.boundaries
    wider = boundaries.widen(small)
    assert (wider.x, wider.y) == tuple(np.minimum(box.low_px, [320, 240]))
    assert wider.end == tuple(np.maximum(box.high_px, [330, 250]))
    other = posed_hand(CAMERA, turn=PALM, at=(0.02, 0.06, 0.3), track_id=2)
    crossed = find_boundaries(
        grey_frame(CAMERA), place([hand], finger="index"), [hand, other], regions, CAMERA
    )
    assert len(crossed.boundaries) == 1
    assert crossed.widen(small) == small


def test_the_drawn_ring_ends_where_the_other_hand_is_photographed():
    wearer = posed_hand(CAMERA, turn=BACK, at=(0, 0.06, 0.4))
    props = place([wearer], finger="middle")
    ring_at = props[0].pose[:3, 3] / props[0].pose[2, 3]
    other = posed_hand(CAMERA, turn=PALM, at=(0, 0, 0.3), track_id=2)
    beside = np.abs(other.vertices_m[:, 1] - 0.3 * ring_at[1]) < 0.01
    over_m = 0.3 * ring_at[0] - other.vertices_m[beside, 0].max() + 0.003
    other = other.moved(np.array([over_m, 0, 0]))
    hands, viewport = [wearer, other], Viewport(0, 0, 640, 480, 2)
    compositor, regions = open_compositor(), load_open_hand().regions

    def begins_px(frame_rgb) -> float:
        boundaries = None if frame_rgb is None else find_boundaries(frame_rgb, props, hands, regions, CAMERA)
        _, layer = compositor.render(LayerScene(hands, props, CAMERA, boundaries=boundaries), viewport)
        columns = (layer[..., :3].max(-1) > 40).sum(0)
        return float(np.flatnonzero(columns > 0.5 * columns.max())[0])

    by_mesh = begins_px(None)
    for off in (-3, 3):
        assert begins_px(picture(by_mesh + off)) - by_mesh == pytest.approx(off, abs=1)
    compositor.close()


def test_the_outline_of_a_hand_goes_where_the_photo_has_it():
    """A thing behind the hand must reach the photographed finger, with no strip of background between."""
    box = HandBoundary(np.array([100, 80]), np.array([164, 144]), 6.0)
    for off in (-4, 4):
        occluder = half_covered(0.3, 2, 1)
        assert matte_boundary(occluder, VIEWPORT, box, picture(132 + off)) is not None
        assert edge_px(occluder, 1).mean() - MIDDLE == pytest.approx(off, abs=0.5)


def test_slits_between_fingers_that_touch_are_closed():
    box = HandBoundary(np.array([100, 80]), np.array([164, 144]), 6.0)
    occluder = half_covered(0.3, 2, 1)
    occluder[:, 15:17] = NOTHING_M, -1
    matte_boundary(occluder, VIEWPORT, box, picture(132))
    assert edge_px(occluder, 1).mean() == pytest.approx(MIDDLE, abs=0.5)


def test_outlines_cost_only_where_hands_and_things_meet():
    hand = posed_hand(CAMERA)
    prop = make_effect("racket").place(EffectContext(grey_frame(CAMERA), [hand], CAMERA, 0.0))[2]
    (box,) = hand_boundaries([prop], [hand], CAMERA)
    assert (box.low_px < box.high_px).all()
    assert not hand_boundaries([prop], [hand.moved(np.array([0.5, 0, 0]))], CAMERA)
    assert not hand_boundaries([], [hand], CAMERA)
