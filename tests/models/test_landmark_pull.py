"""A mesh pulled onto its landmarks: right where they are right, whole, and never far."""

from __future__ import annotations

import numpy as np
import pytest

from models.geometry import camera_from_fov, project
from models.hand_data import load_open_hand
from models.landmark_pull import LIMIT_M, joint_influence, pull_onto_landmarks
from models.types import Array

CAMERA = camera_from_fov(640, 480)


@pytest.fixture
def placed() -> tuple[Array, Array]:
    """A hand at rest, 40 cm away: vertices and joints."""
    hand = load_open_hand()
    vertices = hand.template_m + np.array([0.02, 0.05, 0.4], np.float32)
    return vertices, hand.regressor_21 @ vertices


def test_landmarks_where_the_mesh_is_leave_it_there(placed: tuple[Array, Array]) -> None:
    vertices, joints = placed
    pulled, pulled_joints = pull_onto_landmarks(vertices, joints, project(joints, CAMERA), CAMERA)
    np.testing.assert_allclose(pulled, vertices, atol=1e-6)
    np.testing.assert_allclose(pulled_joints, joints, atol=1e-6)


def test_the_whole_hand_aside_follows_whole(placed: tuple[Array, Array]) -> None:
    vertices, joints = placed
    aside = np.array([0.004, -0.006, 0], np.float32)
    pulled, _ = pull_onto_landmarks(vertices, joints, project(joints + aside, CAMERA), CAMERA)
    np.testing.assert_allclose(pulled, vertices + aside, atol=1e-6)


def test_wrong_joints_come_near_their_landmarks_at_their_own_depth(placed: tuple[Array, Array]) -> None:
    vertices, joints = placed
    off = np.random.default_rng(0).normal(0, 0.003, (21, 3)).astype(np.float32)
    off[:, 2] = 0
    landmarks = project(joints + off, CAMERA)
    pulled, pulled_joints = pull_onto_landmarks(vertices, joints, landmarks, CAMERA)
    before = np.linalg.norm(project(joints, CAMERA) - landmarks, axis=1).mean()
    after = np.linalg.norm(project(pulled_joints, CAMERA) - landmarks, axis=1).mean()
    assert after < 0.35 * before
    np.testing.assert_allclose(pulled[:, 2], vertices[:, 2], atol=1e-6)
    np.testing.assert_allclose(pulled_joints, load_open_hand().regressor_21 @ pulled, atol=1e-6)


def test_one_finger_moves_without_the_others(placed: tuple[Array, Array]) -> None:
    vertices, joints = placed
    aside = np.zeros((21, 3), np.float32)
    aside[6:9, 0] = 0.005  # the index finger beyond its knuckle
    pulled, _ = pull_onto_landmarks(vertices, joints, project(joints + aside, CAMERA), CAMERA)
    moved = np.linalg.norm(pulled - vertices, axis=1)
    regions = load_open_hand().regions
    assert moved[regions == 2].max() > 0.003
    assert moved[(regions == 4) | (regions == 5)].max() < 0.0005


def test_a_landmark_elsewhere_in_the_picture_draws_nothing_out_of_shape(placed: tuple[Array, Array]) -> None:
    vertices, joints = placed
    landmarks = project(joints, CAMERA)
    landmarks[8] += [300, 0]
    pulled, _ = pull_onto_landmarks(vertices, joints, landmarks, CAMERA)
    assert np.linalg.norm(pulled - vertices, axis=1).max() < 2 * LIMIT_M


def test_influence_hardly_makes_noise_larger() -> None:
    M = joint_influence()
    np.testing.assert_allclose(M.sum(1), 1, atol=1e-5)
    assert np.abs(M).sum(1).max() < 1.8
