"""The parameters of a hand: handed from the fit through the filter to whoever asks, or found in the mesh."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.geometry import axis_angle_from_rotation, camera_from_fov, rays
from models.hand.hand_data import load_open_hand
from models.hand.inverse_skinning import InverseSkinning
from models.hand.poser import TRUSTED_M, HandPoser
from models.hand.skinning import pose_hand
from models.tracking.fitting import HandFitter
from models.tracking.smoothing import HandFilter, hand_filter_config
from models.types import Handedness, HandMesh, HandPose

HAND = load_open_hand()
CAMERA = camera_from_fov(640, 480)


def moving_hand(time_s: float, handedness: Handedness = "right", handed: bool = True) -> HandMesh:
    """Turns by a radian a second, closes its fingers and comes nearer."""
    bends = np.zeros((16, 3))
    bends[1:, 0] = 0.5 * time_s
    bends[0] = [time_s, 0.2, 0.1]
    rotations = Rotation.from_rotvec(bends).as_matrix().astype(np.float32)
    betas, t = np.linspace(-1, 1, 10, dtype=np.float32), np.array([0.05, 0.0, 0.5 - 0.1 * time_s], np.float32)
    vertices, joints = pose_hand(HAND, rotations, betas, t)
    flip = np.array([-1 if handedness == "left" else 1, 1, 1], np.float32)
    pose = HandPose(rotations, betas, t) if handed else None
    return HandMesh(
        handedness, vertices * flip, joints * flip, np.zeros((21, 2), np.float32), 1, 0, time_s, pose
    )


@pytest.mark.parametrize("handedness", ["right", "left"])
@pytest.mark.parametrize("handed", [True, False])
def test_the_parameters_pose_the_mesh(handedness: Handedness, handed: bool) -> None:
    poser = HandPoser()
    for k in range(5):
        hand = moving_hand(k / 30, handedness, handed)
        found = poser(hand)
        again, _ = pose_hand(HAND, found.rotations, found.betas, found.translation_m)
        flip = np.array([-1 if handedness == "left" else 1, 1, 1])
        assert np.linalg.norm(again * flip - hand.vertices_m, axis=1).max() < 5e-4
        assert poser(hand) is found  # whoever asks next


def test_parameters_that_are_handed_over_cost_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InverseSkinning, "fit", lambda *_: pytest.fail("it was fitted"))
    assert HandPoser()(moving_hand(0.2)).error_m < 1e-5


def test_parameters_that_do_not_meet_the_mesh_are_mended() -> None:
    hand = moving_hand(0.3)
    wrong = replace(hand, pose=moving_hand(0.0).pose)
    assert HandPoser()(wrong).error_m < 1e-4


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_a_filter_moves_the_parameters_with_the_mesh(handedness: Handedness) -> None:
    """Slow and steady, so that the filter lags: what comes out still meets the mesh."""
    for smoothing in (0.0, 0.5, 1.0):
        filtered = HandFilter(hand_filter_config(smoothing))
        solver = InverseSkinning(HAND)
        flip = np.array([-1 if handedness == "left" else 1, 1, 1])
        for k in range(30):
            hand = filtered(moving_hand(k / 30, handedness), CAMERA)
            assert hand.pose is not None
            p = hand.pose
            found = solver.at(hand.vertices_m * flip, p.rotations, p.betas, p.translation_m)
            assert found.error_m < 2 * TRUSTED_M
        assert filtered(moving_hand(1.0, handedness, handed=False), CAMERA).pose is None


def test_the_fit_hands_its_parameters_over() -> None:
    hand = moving_hand(0.4, "left")
    pixels = hand.joints_m[:, :2] / hand.joints_m[:, 2:] * CAMERA.fx + [CAMERA.cx, CAMERA.cy]
    fit = HandFitter(HAND).fit(rays(pixels, CAMERA)[:, :2], hand.joints_m, "left")
    vertices, _ = pose_hand(HAND, fit.pose.rotations, fit.pose.betas, fit.pose.translation_m)
    assert np.abs(vertices * [-1, 1, 1] - fit.vertices_m).max() < 1e-5


def test_a_moved_hand_takes_its_parameters_along() -> None:
    hand = moving_hand(0.1, "left").moved(np.array([0.1, 0.2, 0.3]))
    assert HandPoser()(hand).error_m < 1e-5


def test_axis_angles_are_scipys() -> None:
    turns = Rotation.from_rotvec(np.random.default_rng(0).uniform(-1.5, 1.5, (50, 3)))
    assert np.abs(axis_angle_from_rotation(turns.as_matrix()) - turns.as_rotvec()).max() < 1e-9


def test_a_mesh_about_its_parameters_is_met_at_a_step_a_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As networks that move single vertices have it: as near as a fit of its own, however long it goes on."""
    steps: list[int] = []
    jacobian, poser, fresh = InverseSkinning._jacobian, HandPoser(), InverseSkinning(HAND)
    bulges = 1e-3 * np.random.default_rng(0).normal(size=(778, 3)).astype(np.float32)
    monkeypatch.setattr(InverseSkinning, "_jacobian", lambda *a: steps.append(1) or jacobian(*a))
    for k in range(200):
        hand = moving_hand(0.3 + 0.3 * np.sin(k / 15))
        pose = moving_hand(0.35 + 0.3 * np.sin(k / 15 + 0.1)).pose
        hand = replace(hand, vertices_m=hand.vertices_m + bulges, pose=pose, time_s=k / 30)
        steps.clear()
        found = poser(hand)
        assert len(steps) <= (1 if k else 20)
        assert np.abs(found.rotations @ found.rotations.transpose(0, 2, 1) - np.eye(3)).max() < 1e-9
        if k % 20 == 19:
            assert found.error_m < 1.15 * fresh.fit(hand.vertices_m).error_m
