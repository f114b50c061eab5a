"""Flexion bends towards the palm, abduction leans towards the thumb, limits hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.hand.hand_data import HandData, load_mano, load_open_hand
from models.hand.joint_limits import (
    LIMITS_DEG,
    anatomical_frames,
    angles_to_rotations,
    clamp,
)
from models.hand.skinning import pose_hand
from tests.models.hand.fake_mano import mano_arrays, mano_pickle
from tests.models.measures import rotations_to_angles

FINGERS = {"index": 1, "middle": 2, "ring": 3, "little": 4}
FLEXION, ABDUCTION, TWIST = 0, 1, 2


@pytest.fixture(scope="module", params=["open", "mano"])
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HandData:
    if request.param == "open":
        return load_open_hand()
    path = tmp_path_factory.mktemp("mano") / "MANO_RIGHT.pkl"
    path.write_bytes(mano_pickle(mano_arrays()))
    return load_mano(path)


def posed(data: HandData, angles_deg: np.ndarray) -> np.ndarray:
    """(21, 3) joints of the rest hand with finger angles (15, 3) in degrees."""
    rotations = np.concatenate(
        [np.eye(3)[None], angles_to_rotations(np.radians(angles_deg), anatomical_frames(data))]
    )
    return data.regressor_21_mano @ pose_hand(data, rotations, np.zeros(10), np.zeros(3))[0]


def angle(**joints: tuple[int, int, float]) -> np.ndarray:
    out = np.zeros((15, 3))
    for joint, axis, value in joints.values():
        out[joint, axis] = value
    return out


def test_frames_are_right_handed_and_lie_along_the_bones(data: HandData) -> None:
    frames = anatomical_frames(data)
    np.testing.assert_allclose(frames.transpose(0, 2, 1) @ frames, np.tile(np.eye(3), (15, 1, 1)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(frames), 1, atol=1e-9)
    bone = data.joints_rest[8] - data.joints_rest[7]
    np.testing.assert_allclose(frames[6][:, TWIST], bone / np.linalg.norm(bone), atol=1e-6)


@pytest.mark.parametrize("finger", FINGERS)
@pytest.mark.parametrize("joint", [0, 1, 2])
def test_flexion_bends_towards_the_palm(data: HandData, finger: str, joint: int) -> None:
    f = FINGERS[finger]
    rest, bent = posed(data, np.zeros((15, 3))), posed(data, angle(a=(3 * f + joint, FLEXION, 60)))
    tip = 4 * f + 4
    step = bent[tip] - rest[tip]
    assert step[2] < -0.35 * np.linalg.norm(step), "out of the palm's plane, on the palm's side"
    assert np.linalg.norm(bent[tip]) < np.linalg.norm(rest[tip]), "and nearer to the wrist"
    assert abs(step[0]) < 0.6 * np.linalg.norm(step), "not sideways"
    np.testing.assert_allclose(bent[:4], rest[:4], atol=0.004)  # the wrist and the thumb stay


@pytest.mark.parametrize("finger", FINGERS)
def test_abduction_leans_towards_the_thumb(data: HandData, finger: str) -> None:
    f = FINGERS[finger]
    rest, leaning = posed(data, np.zeros((15, 3))), posed(data, angle(a=(3 * f, ABDUCTION, 15)))
    step = leaning[4 * f + 4] - rest[4 * f + 4]
    assert step[0] > 0.8 * np.linalg.norm(step)


def test_the_thumb_crosses_the_palm_and_leaves_it(data: HandData) -> None:
    rest = posed(data, np.zeros((15, 3)))
    across = posed(data, angle(a=(0, FLEXION, 35)))[4] - rest[4]
    out = posed(data, angle(a=(0, ABDUCTION, 30)))[4] - rest[4]
    assert across[0] < -0.02, "flexion takes the thumb towards the little finger"
    assert out[2] < -0.01, "abduction takes it out of the palm"
    end = posed(data, angle(a=(2, FLEXION, 60)))[4] - rest[4]
    assert end[0] < -0.01


def test_angles_survive_the_round_trip(data: HandData) -> None:
    frames = anatomical_frames(data)
    low, high = np.moveaxis(np.radians(LIMITS_DEG), -1, 0)
    rng = np.random.default_rng(0)
    for _ in range(20):
        angles = rng.uniform(low, high)
        rotations = angles_to_rotations(angles, frames)
        np.testing.assert_allclose(rotations_to_angles(rotations, frames), angles, atol=1e-9)


def test_limits_hold_the_rest_pose_and_clamp() -> None:
    assert LIMITS_DEG.shape == (15, 3, 2)
    assert (LIMITS_DEG[..., 0] <= 0).all()
    assert (LIMITS_DEG[..., 1] >= 0).all()
    assert (np.abs(LIMITS_DEG) < 120).all()
    np.testing.assert_array_equal(clamp(np.zeros((15, 3))), 0)
    wild = clamp(np.full((15, 3), 9.0))
    np.testing.assert_allclose(np.degrees(wild), LIMITS_DEG[..., 1])
    assert wild[4, TWIST] == wild[4, ABDUCTION] == 0  # a hinge stays a hinge


def test_a_fist_keeps_the_fingertips_at_the_palm(data: HandData) -> None:
    angles = np.zeros((15, 3))
    angles[3::3, FLEXION], angles[4::3, FLEXION], angles[5::3, FLEXION] = 70, 90, 60
    joints = posed(data, angles)
    for tip, knuckle in ((8, 5), (12, 9), (16, 13), (20, 17)):
        assert joints[tip, 1] > joints[knuckle, 1], "each tip has come below its knuckle"
        assert np.linalg.norm(joints[tip] - joints[0]) < np.linalg.norm(joints[knuckle] - joints[0])
    spread = np.diff(joints[[20, 16, 12, 8], 0])
    assert (spread > 0.005).all(), "fingertips lie side by side, none has crossed another"


def test_reading_a_model_leaves_it_alone(tmp_path: Path) -> None:
    before = load_open_hand().joints_rest.copy()
    anatomical_frames(load_open_hand())
    np.testing.assert_array_equal(load_open_hand().joints_rest, before)
