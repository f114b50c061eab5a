"""Inverse skinning finds the hand that was posed, in the open hand's mesh and in joints alone."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.hand.articulation import Articulation, State
from models.hand.hand_data import load_open_hand
from models.hand.inverse_skinning import InverseSkinning
from models.hand.skinning import pose_hand

HAND = load_open_hand()


def random_hand(seed: int) -> np.ndarray:
    """(778, 3) any pose within the joints' limits, any shape, anywhere in view."""
    rng, art = np.random.default_rng(seed), Articulation(HAND)
    angles = rng.uniform(art.low, art.high)
    turned = Rotation.random(random_state=seed).as_matrix()
    t = np.array([0.0, 0.0, 0.5]) + rng.normal(0, 0.1, 3)
    state = State(turned, t, angles, rng.normal(0, 1, 10))
    return pose_hand(HAND, art(state).rotations, state.betas, t)[0]


@pytest.mark.parametrize("seed", range(8))
def test_a_mesh_gives_its_pose_back(seed: int) -> None:
    vertices = random_hand(seed)
    found = InverseSkinning(HAND).fit(vertices)
    again, _ = pose_hand(HAND, found.rotations, found.betas, found.translation_m)
    assert np.linalg.norm(again - vertices, axis=1).max() < 5e-4
    assert found.error_m < 1e-4


def test_joints_alone_are_met_and_bones_that_they_leave_free_stay_at_rest() -> None:
    errors = []
    for seed in range(6):
        vertices = random_hand(seed)
        joints = HAND.regressor_21_mano @ vertices
        errors.append(InverseSkinning(HAND, HAND.regressor_21_mano).fit(joints).error_m)
    assert max(errors) < 1e-3


def test_the_jacobian_is_the_derivative_of_the_residual() -> None:
    solver = InverseSkinning(HAND)
    vertices = solver._chosen(random_hand(3))
    hand = solver.fit(random_hand(4))
    A = solver._jacobian(solver._again(vertices, hand))
    for k in (0, 2, 4, 9, 23, 40, 50, 51, 57):
        d = np.zeros(61)
        d[k] = 1e-3
        moved = solver._moved(vertices, hand, d).residual
        back = solver._moved(vertices, hand, -d).residual
        n = 3 * len(vertices)  # the priors on turns are linearised about rest
        numeric = (moved - back)[:n] / 2e-3
        assert np.abs(numeric - A[:n, k]).max() < 2e-3 * np.abs(A[:n, k]).max() + 0.15


def test_parameters_are_judged_without_a_step() -> None:
    solver = InverseSkinning(HAND)
    found = solver.fit(random_hand(2))
    again = solver.at(random_hand(2), found.rotations, found.betas, found.translation_m)
    assert again.error_m == pytest.approx(found.error_m)


def test_a_hand_that_jumped_is_found_again() -> None:
    solver = InverseSkinning(HAND)
    before, now = random_hand(1), random_hand(5)
    assert solver.fit(now, solver.fit(before)).error_m < 1e-4


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        InverseSkinning(HAND).fit(np.zeros((21, 3)))
    with pytest.raises(ValueError, match="finite"):
        InverseSkinning(HAND).fit(np.full((778, 3), np.nan))
