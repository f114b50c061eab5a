from __future__ import annotations

import numpy as np
import pytest

from app.frame import Frame, Picture
from app.render.orbit import Orbit, corner_viewport
from app.session import VIEW3D, Settings
from app.session.drawing import Drawing
from models.geometry import camera_from_fov
from models.tracking.pipeline import PipelineResult
from tests.app.render.render_help import grey_frame, open_compositor, posed_hand

CAMERA = camera_from_fov(640, 480)
TARGET = np.array([0.0, 0.0, 0.3])


@pytest.fixture(scope="module")
def compositor():
    made = open_compositor()
    yield made
    made.close()


def aside(compositor, orbit: Orbit, *hands, time_s: float = 0.0) -> np.ndarray:
    """The picture (H, W, 3) with the small view in it."""
    picture = grey_frame(CAMERA)
    compositor.draw_aside(picture, grey_frame(CAMERA), hands, CAMERA, orbit, time_s)
    return picture


def corner(picture: np.ndarray) -> np.ndarray:
    w = corner_viewport(CAMERA.width, CAMERA.height)
    return picture[w.y : w.y + w.height, w.x : w.x + w.width]


def hands_seen(compositor, orbit: Orbit, *hands) -> np.ndarray:
    """(h, w) where the small view differs from one without hands."""
    seen, empty = (corner(aside(compositor, orbit, *there)).astype(int) for there in (hands, ()))
    return np.abs(seen - empty).max(2) > 30


def middle(mask: np.ndarray) -> float:
    """The mean column."""
    return float(np.nonzero(mask)[1].mean())


@pytest.mark.parametrize("size", [(640, 480), (544, 960), (1920, 1080), (40, 30), (8, 8)])
def test_the_corner_lies_in_the_picture(size):
    w = corner_viewport(*size)
    assert 0 <= w.x < w.x + w.width <= size[0]
    assert 0 <= w.y < w.y + w.height <= size[1]


def test_whoever_looks_sees_the_target_ahead_and_what_is_dragged_follows():
    for orbit in (Orbit(), Orbit(0, 0), Orbit(2.5, -1.0)):
        view = orbit.view(TARGET, 1.2)
        np.testing.assert_allclose(view @ [*TARGET, 1], [0, 0, 1.2, 1], atol=1e-12)
        assert np.linalg.det(view[:3, :3]) == pytest.approx(1)
    before, camera = Orbit(0, 0), [0, 0, 0, 1]  # the camera stands in front of the target
    right, down = before.dragged(0.1, 0), before.dragged(0, 0.1)
    assert (right.view(TARGET, 1) @ camera)[0] > (before.view(TARGET, 1) @ camera)[0]
    assert (down.view(TARGET, 1) @ camera)[1] > (before.view(TARGET, 1) @ camera)[1]
    assert abs(before.dragged(0, 99).tilt) < np.pi / 2
    assert -np.pi <= before.dragged(99, 0).turn <= np.pi


def test_the_hand_is_seen_from_aside_in_the_corner_only(compositor):
    hand = posed_hand(CAMERA)
    picture = aside(compositor, Orbit(), hand)
    outside = picture.copy()
    corner(outside)[:] = 0
    expected = grey_frame(CAMERA)
    corner(expected)[:] = 0
    np.testing.assert_array_equal(outside, expected)
    assert 200 < hands_seen(compositor, Orbit(), hand).sum() < 0.5 * corner(picture)[..., 0].size


def test_from_behind_the_camera_the_hand_is_where_the_photo_has_it(compositor):
    left, right = (posed_hand(CAMERA, at=(x, 0.06, 0.4)) for x in (-0.08, 0.08))
    for orbit, side in ((Orbit(0, 0), 1), (Orbit(3, 0), -1)):  # from the other side mirrored
        columns = [middle(hands_seen(compositor, orbit, hand)) for hand in (left, right)]
        assert side * (columns[1] - columns[0]) > 20


def test_a_nearer_hand_stands_nearer_to_the_camera(compositor):
    orbit = Orbit(-np.pi / 2, 0)  # the camera left, the photo right
    columns = [middle(hands_seen(compositor, orbit, posed_hand(CAMERA, at=(0, 0.06, z)))) for z in (0.3, 0.4)]
    assert columns[0] < columns[1] - 10


def test_the_photo_moves_slowly_to_where_the_hand_is(compositor):
    aside(compositor, Orbit(), posed_hand(CAMERA), time_s=10.0)
    still = aside(compositor, Orbit(), posed_hand(CAMERA, at=(0, 0.06, 0.8)), time_s=10.0)
    later = aside(compositor, Orbit(), posed_hand(CAMERA, at=(0, 0.06, 0.8)), time_s=10.5)
    assert np.abs(still.astype(int) - later).mean() > 0.1


def test_the_session_draws_it_last_and_over_any_effect(compositor):
    drawing = Drawing(lambda: compositor, lambda error: None)
    frame = Frame(grey_frame(CAMERA), 0.0, 0)
    picture = Picture.undrawn(frame, PipelineResult((posed_hand(CAMERA),), CAMERA, {}))
    plain, seen = (
        drawing.draw(picture, Settings(effect="band", overlays=frozenset(shown))).image_rgb
        for shown in ((), (VIEW3D,))
    )
    changed = np.abs(plain.astype(int) - seen).max(2) > 0
    viewport = corner_viewport(CAMERA.width, CAMERA.height)
    assert changed[viewport.y :, viewport.x :].mean() > 0.5
    changed[viewport.y : viewport.y + viewport.height, viewport.x : viewport.x + viewport.width] = False
    assert not changed.any()
