from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.effects.ring.fit import Section
from app.effects.ring.photo_fit import photo_edges
from app.effects.ring.ring_filter import filter_ring
from models.geometry import camera_from_fov, project, rotation_from_axis_angle

CAMERA = camera_from_fov(640, 480)
VIEW = np.array([0, 0, 1.0])


def upright_section(radius_mm=9.0, at=(0.01, 0.005, 0.2)) -> Section:
    axis, up = np.array([0, -1.0, 0]), np.array([0, 0, -1.0])
    return Section(
        np.array(at), axis, up, radius_mm, 2 * np.pi * radius_mm, radius_mm, radius_mm, np.zeros((0, 3))
    )


def finger_photo(section: Section, shift_mm=0.0, scale=1.0, turn_deg=0.0) -> np.ndarray:
    """A skin-coloured bar with soft edges where the finger is, on grey."""
    R = rotation_from_axis_angle(VIEW * np.radians(turn_deg))
    side = np.cross(section.axis, VIEW)
    center = section.center_m + 1e-3 * shift_mm * side
    half = R @ side * 1e-3 * section.radius_mm * scale
    along = R @ section.axis * 0.05
    corners = project(
        [center + half + along, center - half + along, center - half - along, center + half - along], CAMERA
    )
    frame = np.full((480, 640, 3), (120, 125, 130), np.uint8)
    cv2.fillPoly(frame, [np.rint(corners * 16).astype(np.int32)], (205, 160, 140), cv2.LINE_AA, 4)
    noise = np.random.default_rng(0).normal(0, 3, frame.shape)
    return np.clip(cv2.GaussianBlur(frame, (0, 0), 1.0) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("shift_mm", "scale", "turn_deg"),
    [(0, 1, 0), (2.0, 1, 0), (-2.5, 0.9, 0), (1, 1.1, 0), (0, 1, 8), (1.5, 0.92, -8)],
)
def test_finds_the_finger_where_the_photo_has_it(shift_mm, scale, turn_deg):
    section = upright_section()
    edges = photo_edges(finger_photo(section, shift_mm, scale, turn_deg), CAMERA, section)
    side = np.cross(section.axis, VIEW)
    assert edges.shift_m @ side * 1e3 == pytest.approx(shift_mm, abs=0.6)
    assert edges.scale == pytest.approx(scale, abs=0.05)
    assert np.degrees(edges.tilt_rad) == pytest.approx(turn_deg, abs=4.1)
    assert edges.confidence > 0.55


def test_believes_nothing_on_a_flat_picture():
    noise = np.random.default_rng(1).normal(150, 3, (480, 640, 3)).astype(np.uint8)
    assert photo_edges(noise, CAMERA, upright_section()).confidence < 0.35


@pytest.mark.parametrize("at", [(0.02, 0.01, 3.0), (0.4, 0.0, 0.4), (0, 0, -0.4)])
def test_says_nothing_of_far_or_unseen_fingers(at):
    frame = np.zeros((480, 640, 3), np.uint8)
    assert photo_edges(frame, CAMERA, upright_section(at=at)) is None


def test_says_nothing_of_a_finger_that_points_at_the_camera():
    s = upright_section()
    pointing = Section(s.center_m, VIEW, np.array([0, -1.0, 0]), 9, 56.5, 9, 9, s.points)
    assert photo_edges(np.zeros((480, 640, 3), np.uint8), CAMERA, pointing) is None


def test_correction_is_taken_up_and_fades():
    section = upright_section()
    edges = photo_edges(finger_photo(section, 2.0, 0.9), CAMERA, section)
    estimate = filter_ring(None, section, edges, 1.0, 0.0)
    assert np.linalg.norm(estimate.shift_m) * 1e3 == pytest.approx(2.0, abs=0.6)
    assert estimate.scale == pytest.approx(0.9, abs=0.05)
    for i in range(1, 31):
        estimate = filter_ring(estimate, section, None, 1.0, i / 30)
    assert np.linalg.norm(estimate.shift_m) < 0.02e-3  # after a second
    assert estimate.scale == pytest.approx(1, abs=0.01)


def test_size_is_averaged_over_noise():
    rng = np.random.default_rng(2)
    estimate, seen = None, []
    for i in range(120):
        estimate = filter_ring(estimate, upright_section(9 + rng.normal(0, 0.4)), None, 1.0, i / 30)
        seen.append(estimate.half_axes_mm[0])
    assert np.std(seen[60:]) < 0.4 / 3
    assert np.mean(seen[60:]) == pytest.approx(9, abs=0.15)
