from __future__ import annotations

import numpy as np
import pytest

from app.effects.ring.fit import FINGERS, SEGMENTS, FingerSections, finger_section, segment_ends
from app.effects.ring.sizes import ring_size
from models.geometry import camera_from_fov, rotation_from_axis_angle
from models.hand.hand_data import load_open_hand
from tests.app.render.render_help import posed_hand

CAMERA = camera_from_fov(640, 480)
ALL = [(f, s) for f in FINGERS for s in SEGMENTS if (f, s) != ("thumb", "middle")]


@pytest.fixture(scope="module")
def sections() -> FingerSections:
    return FingerSections(load_open_hand())


def cylinder(radii_mm, n=48, rings=25):
    """An elliptic tube about z, 50 mm long: vertices (m), faces."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    circle = np.stack([radii_mm[0] * np.cos(angle), radii_mm[1] * np.sin(angle)], 1)
    v = np.concatenate([np.c_[circle, np.full(n, z)] for z in np.linspace(-10, 40, rings)]) * 1e-3
    i = np.arange(n)
    j = (i + 1) % n
    quads = [np.stack([i, j, j + n, i, j + n, i + n], 1).reshape(-1, 3) + k * n for k in range(rings - 1)]
    return v, np.concatenate(quads)


@pytest.mark.parametrize("t", [0.3, 0.6])
def test_cylinder_of_known_radius(t):
    v, faces = cylinder((8.5, 8.5))
    R = rotation_from_axis_angle([0.4, -0.7, 0.2])
    offset = np.array([0.05, -0.1, 0.5])
    joints = np.zeros((21, 3))
    joints[13], joints[14] = [0.002, 0.003, 0], [0.004, 0.001, 0.03]  # neither central nor parallel
    s = finger_section(
        v @ R.T + offset, faces, joints @ R.T + offset, "ring", "proximal", t, R @ [0, 1.0, 0.2]
    )
    assert s.radius_mm == pytest.approx(8.5, rel=0.02)
    on_axis = R.T @ (s.center_m - offset)
    assert np.hypot(*on_axis[:2]) < 0.3e-3
    assert on_axis[2] == pytest.approx(0.03 * t, abs=1e-3)
    assert np.degrees(np.arccos(s.axis @ R @ [0, 0, 1])) < 1
    assert s.up @ R @ [0, 1, 0] > 0.99
    np.testing.assert_allclose(s.across, R @ [1, 0, 0], atol=0.05)


def test_oval_finger_keeps_its_shape():
    v, faces = cylinder((9.0, 7.6))
    joints = np.zeros((21, 3))
    joints[14] = [0, 0, 0.03]
    s = finger_section(v, faces, joints, "ring", "proximal", 0.5, [0, 1.0, 0])
    assert s.half_width_mm == pytest.approx(9.0, rel=0.02)
    assert s.half_height_mm == pytest.approx(7.6, rel=0.02)
    assert s.circumference_mm == pytest.approx(2 * np.pi * s.radius_mm)


def test_a_plane_beyond_the_finger_meets_nothing():
    v, faces = cylinder((8, 8))
    joints = np.zeros((21, 3))
    joints[13], joints[14] = [0, 0, 1.0], [0, 0, 1.03]
    assert finger_section(v, faces, joints, "ring", "proximal", 0.5, [0, 1.0, 0]) is None


@pytest.mark.parametrize(("finger", "segment"), ALL)
def test_every_segment_of_the_open_hand(sections, finger, segment):
    s = sections.section(posed_hand(CAMERA), finger, segment, 0.6)
    assert 10 < 2 * s.radius_mm < 23
    assert 0.75 < s.half_width_mm / s.half_height_mm < 1.33
    assert abs(s.axis @ s.up) < 1e-9


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_up_is_the_back_of_the_hand(sections, handedness):
    hand = posed_hand(CAMERA, turn=(0, 0, 0), handedness=handedness)  # the camera sees the palm
    for finger in FINGERS[1:]:
        assert sections.section(hand, finger, "proximal", 0.6).up[2] > 0.8


def test_left_mirrors_right(sections):
    right, left = (
        sections.section(posed_hand(CAMERA, at=(0, 0, 0.4), handedness=s), "index", "proximal", 0.6)
        for s in ("right", "left")
    )
    mirror = np.array([-1.0, 1, 1])
    np.testing.assert_allclose(left.center_m, right.center_m * mirror, atol=1e-6)
    np.testing.assert_allclose(left.up, right.up * mirror, atol=1e-4)
    assert left.radius_mm == pytest.approx(right.radius_mm, rel=1e-4)


def test_turns_and_grows_with_the_hand(sections):
    a = sections.section(posed_hand(CAMERA, turn=(0, 0, 0), at=(0, 0, 0)), "ring", "proximal", 0.6)
    turn = (0.3, 1.0, -0.4)
    b = sections.section(posed_hand(CAMERA, turn=turn, at=(0, 0, 0), scale=1.1), "ring", "proximal", 0.6)
    R = rotation_from_axis_angle(turn)
    np.testing.assert_allclose(b.center_m, 1.1 * R @ a.center_m, atol=1e-5)
    np.testing.assert_allclose(b.axis, R @ a.axis, atol=1e-3)
    assert b.radius_mm == pytest.approx(1.1 * a.radius_mm, rel=1e-3)


@pytest.mark.parametrize("finger", FINGERS[1:])
def test_bending_hardly_changes_the_size(sections, finger):
    """The folded fingertip passes through the plane that cuts its root; so do its neighbours' in a fist."""
    straight, bent = (
        sections.section(posed_hand(CAMERA, flexion=f), finger, "proximal", 0.6) for f in (0.0, 1.3)
    )
    assert bent.radius_mm == pytest.approx(straight.radius_mm, rel=0.12)


def test_segments_that_do_not_exist():
    assert segment_ends("thumb", "proximal") == (2, 3)
    assert segment_ends("little", "distal") == (19, 20)
    with pytest.raises(ValueError, match="thumb finger has proximal, distal"):
        segment_ends("thumb", "middle")
    with pytest.raises(ValueError, match="one of thumb, index"):
        segment_ends("pinky", "proximal")


@pytest.mark.parametrize(("mm", "us"), [(11.63, 0), (16.51, 6), (17.32, 7), (18.95, 9), (17.5, 7.25)])
def test_ring_sizes(mm, us):
    assert ring_size(mm).us == us
    assert ring_size(mm).eu == pytest.approx(np.pi * mm, abs=0.05)


def test_ring_size_of_nothing():
    with pytest.raises(ValueError, match="millimetres"):
        ring_size(0)
