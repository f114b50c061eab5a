"""Metrics against cases worked by hand, and against a slow reference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.evaluation.metrics import (
    acceleration,
    align,
    aligned_errors,
    auc,
    errors_without_offsets,
    f_score,
    mean_errors,
    moved,
    palm_frames,
    pck,
    point_errors,
    root_relative,
)
from models.geometry import procrustes
from models.hand.hand_data import load_open_hand
from models.types import Handedness
from tests.models.measures import pa_mpjpe

JOINTS = load_open_hand().regressor_21 @ load_open_hand().template_m


def hands(count: int, seed: int = 4) -> np.ndarray:
    """(count, 21, 3) hands of slightly different make, turned anyhow, somewhere before a camera."""
    R = Rotation.random(count, random_state=1).as_matrix()
    make = np.random.default_rng(seed).normal(0, 0.005, (count, 21, 3))
    return (JOINTS + make) @ R.swapaxes(1, 2) + [0.1, -0.1, 0.6]


def test_errors_are_distances() -> None:
    predicted = np.array([[[3.0, 4.0, 0.0], [0.0, 0.0, 2.0]]])
    assert point_errors(predicted, np.zeros((1, 2, 3))).tolist() == [[5.0, 2.0]]
    assert mean_errors([[5.0, 2.0]]).tolist() == [3.5]
    assert mean_errors([[5.0, np.nan]], [[2.0, 0.0]]).tolist() == [5.0]
    assert np.isnan(mean_errors([[5.0, 2.0]], [[0.0, 0.0]]))[0]
    assert root_relative([[[1.0, 1, 1], [2, 3, 4]]]).tolist() == [[[0, 0, 0], [1, 2, 3]]]


def test_alignment_of_a_batch_is_procrustes_one_by_one() -> None:
    predicted, target = hands(7, 0), hands(7, 1)
    s, R, t = align(predicted, target)
    for k in range(7):
        one = procrustes(predicted[k], target[k])
        assert s[k] == pytest.approx(one[0])
        np.testing.assert_allclose(R[k], one[1], atol=1e-9)
        np.testing.assert_allclose(t[k], one[2], atol=1e-9)
    expected = [pa_mpjpe(p, q) for p, q in zip(predicted, target, strict=True)]
    np.testing.assert_allclose(aligned_errors(predicted, target).mean(1), expected)


def test_alignment_leaves_out_what_weighs_nothing_and_what_is_missing() -> None:
    target = hands(3)
    predicted = 2 * target @ Rotation.from_rotvec([0.3, 1.0, -0.2]).as_matrix().T + 1
    predicted[0, 4] = 9.0  # far off, and not to count
    predicted[2] = np.nan
    weights = np.ones((3, 21))
    weights[0, 4] = 0
    errors = aligned_errors(predicted, target, weights)
    assert errors[0, weights[0] > 0].max() < 1e-9
    assert errors[0, 4] > 1
    assert errors[1].max() < 1e-9
    assert np.isnan(errors[2]).all()
    assert np.isnan(align(predicted, target, np.zeros((3, 21)))[0]).all()


def test_a_mirrored_hand_is_not_aligned_by_a_mirror() -> None:
    target = hands(1)
    assert aligned_errors(target * [-1, 1, 1], target).mean() > 0.005
    assert np.linalg.det(align(target * [-1, 1, 1], target)[1]) == pytest.approx(1)


def test_palm_frame_is_anatomy_for_both_sides() -> None:
    right = JOINTS[None].astype(np.float64)
    frame = palm_frames(right, ["right"])[0]
    # At rest a camera sees the palm, fingers up, thumb to the right; the back looks away from the camera.
    np.testing.assert_allclose(frame[0] @ [0, -1, 0], 1, atol=0.1)
    np.testing.assert_allclose(frame[1] @ [1, 0, 0], 1, atol=0.1)
    np.testing.assert_allclose(frame[2] @ [0, 0, 1], 1, atol=0.1)
    left = palm_frames(right * [-1, 1, 1], ["left"])[0]
    np.testing.assert_allclose(left, frame * [-1, 1, 1], atol=1e-12)


def test_constant_joint_offsets_are_removed_and_nothing_else() -> None:
    n, sides = 40, [("right", "left")[k % 2] for k in range(40)]
    target = hands(n)
    target[1::2] *= [-1, 1, 1]
    typed: list[Handedness] = ["left" if side == "left" else "right" for side in sides]
    rng = np.random.default_rng(5)
    offsets = rng.normal(0, 0.006, (21, 3))
    predicted = target + offsets @ palm_frames(target, typed)
    assert aligned_errors(predicted, target).mean() > 0.004
    assert errors_without_offsets(predicted, target, typed).mean() < 0.0008  # the hands differ in make
    noise = rng.normal(0, 0.01, predicted.shape)
    remaining = errors_without_offsets(target + noise, target, typed).mean()
    assert remaining == pytest.approx(aligned_errors(target + noise, target).mean(), rel=0.1)
    predicted[3] = np.nan
    assert np.isnan(errors_without_offsets(predicted, target, typed)[3]).all()
    assert np.isfinite(errors_without_offsets(predicted, target, typed)[4]).all()


def test_no_half_is_judged_by_offsets_of_its_own() -> None:
    target = hands(2)
    typed: list[Handedness] = ["right", "right"]
    offsets = np.zeros((2, 21, 3))
    offsets[0, 8], offsets[1, 12] = 0.02, 0.02
    errors = errors_without_offsets(target + offsets @ palm_frames(target, typed), target, typed)
    assert errors.mean(1).min() > 0.001  # learnt from itself, either would have none


@pytest.mark.parametrize(
    ("errors", "low", "high", "area"),
    [
        ([0, 0], 0, 50, 1.0),
        ([60, 70], 0, 50, 0.0),
        ([25], 0, 50, 0.5),
        ([10, 40], 0, 50, 0.5),
        ([10], 20, 50, 1.0),
        ([35, np.nan], 20, 50, 0.5),
        ([0, 30, 15, 60], 0, 30, 0.375),
    ],
)
def test_area_under_pck(errors: list[float], low: float, high: float, area: float) -> None:
    assert auc(errors, low, high) == pytest.approx(area)
    steps = np.linspace(low, high, 20001)
    assert np.trapezoid(pck(errors, steps), steps) / (high - low) == pytest.approx(area, abs=1e-3)


def test_pck_counts_errors_up_to_the_threshold() -> None:
    assert pck([1, 2, 3, np.nan], [0.5, 1, 2.5, 3]).tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert np.isnan(pck([np.nan], [1.0]))[0]
    assert np.isnan(auc([np.nan], 0, 50))
    with pytest.raises(ValueError, match="low < high"):
        auc([1.0], 50, 20)


def test_f_score_of_point_sets() -> None:
    target = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]])
    near, far = [[0.0, 0.004, 0]], [[0.0, 0.5, 0]]
    assert f_score(target[::-1], target, 0.005) == 1
    assert f_score(near, target, 0.005) == pytest.approx(2 * 1 * 0.25 / 1.25)  # precision 1, recall 1/4
    assert f_score(near + far, target, 0.005) == pytest.approx(2 * 0.5 * 0.25 / 0.75)
    assert f_score(far, target, 0.005) == 0


def test_acceleration_is_the_second_difference() -> None:
    t = np.arange(6.0)
    steady = np.stack([3 * t, 0 * t, 0 * t], -1)[:, None]
    falling = np.stack([0 * t, 2 * t**2, 0 * t], -1)[:, None]
    assert acceleration(steady).tolist() == [0] * 4
    assert acceleration(falling).tolist() == [4.0] * 4
    assert acceleration(np.concatenate([steady, falling], 1)).tolist() == [2.0] * 4
    assert acceleration(falling, fps=10).tolist() == [400.0] * 4
    falling[2] = np.nan
    assert np.isnan(acceleration(falling)).tolist() == [True, True, True, False]


def test_moved_applies_the_similarity() -> None:
    target = hands(2)
    predicted = hands(2, 9)
    s, R, t = align(predicted, target)
    np.testing.assert_allclose(moved(predicted, (s, R, t))[1, 5], s[1] * R[1] @ predicted[1, 5] + t[1])
