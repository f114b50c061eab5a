"""The racket lies in the hand: fingers before the grip, the palm behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.effects import make_effect
from app.effects.gestures import palm_frame
from app.effects.racket import racket
from app.render.scene import Paint
from tests.app.effects.acted import CAMERA, FIST, OPEN, ROUND, acted, curled, key
from tests.app.render.render_help import grey_frame, open_compositor

BEHIND_DEG = 180.0
GRIPPING = curled((70, 75, 45, 0), (20, 10, 10, 30, 30))
GREEN = Paint((0.0, 0.7, 0.0))


def posed(fingers, turn_deg=0.0, handedness="right"):
    """A context with one hand at rest."""
    return next(
        acted(
            key(0, fingers, turn_deg=turn_deg),
            key(1, fingers, turn_deg=turn_deg),
            jitter_m=0,
            handedness=handedness,
        )
    )


@pytest.fixture(scope="module")
def compositor():
    made = open_compositor()
    yield made
    made.close()


def grip_seen(compositor, context) -> tuple[int, int]:
    """Pixels of the grip near the palm's middle that are seen with the hand, and without it."""
    grips = [replace(p, material=GREEN) for p in make_effect("racket").place(context)[2:3]]
    middle = palm_frame(context.hands[0]).center_m
    x, y = middle[:2] / middle[2] * [CAMERA.fx, CAMERA.fy] + [CAMERA.cx, CAMERA.cy]
    counts = []
    for hands in (context.hands, ()):
        window, layer = compositor.layer(grey_frame(CAMERA), hands, grips, CAMERA, 0.0)
        canvas = np.zeros((CAMERA.height, CAMERA.width, 4), np.uint8)
        canvas[window.y : window.y + window.height, window.x : window.x + window.width] = layer
        part = canvas[int(y) - 30 : int(y) + 30, int(x) - 25 : int(x) + 25].astype(int)
        counts.append(int((part[..., 1] > part[..., 0] + 40).sum()))
    return counts[0], counts[1]


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_an_open_hand_shows_the_grip_on_its_palm_and_hides_it_from_behind(compositor, handedness):
    seen, whole = grip_seen(compositor, posed(OPEN, handedness=handedness))
    assert seen > 0.85 * whole > 0
    seen, whole = grip_seen(compositor, posed(OPEN, BEHIND_DEG, handedness))
    assert seen < 0.1 * whole


@pytest.mark.parametrize("handedness", ["right", "left"])
@pytest.mark.parametrize("turn_deg", [0.0, BEHIND_DEG])
def test_closed_fingers_lie_before_the_grip(compositor, handedness, turn_deg):
    seen, whole = grip_seen(compositor, posed(GRIPPING, turn_deg, handedness))
    assert seen < 0.45 * whole


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_a_fist_tighter_than_the_grip_hides_it_from_behind(compositor, handedness):
    seen, whole = grip_seen(compositor, posed(FIST, BEHIND_DEG, handedness))
    assert seen < 0.05 * whole


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_its_blade_is_on_the_thumb_s_side_and_it_follows_the_hand(handedness):
    context = posed(ROUND, handedness=handedness)
    hand = context.hands[0]
    props = make_effect("racket").place(context)
    (pose,) = {p.pose.tobytes(): p.pose for p in props}.values()
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-9)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    blade = pose[:3, :3] @ [0, 0.128, 0] + pose[:3, 3]
    joints = hand.joints_m
    assert np.linalg.norm(blade - joints[5]) < np.linalg.norm(blade - joints[17])
    moved = make_effect("racket").place(replace(context, hands=(hand.moved(np.array([0.02, 0, 0.05])),)))
    np.testing.assert_allclose(moved[0].pose[:3, 3] - pose[:3, 3], [0.02, 0, 0.05], atol=1e-6)


def test_its_parts_are_as_large_as_a_real_one():
    points = np.concatenate([geometry.vertices_m for geometry, _ in racket()])
    size = np.ptp(points, axis=0)
    assert 0.14 < size[0] < 0.16
    assert 0.24 < size[1] < 0.27
