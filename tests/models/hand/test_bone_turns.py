"""Bones' turns in closed form, against the pose that a mesh was made with."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.hand.bone_turns import BoneTurns
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand


def test_a_hand_that_moves_as_a_whole_is_found_exactly() -> None:
    data, turn = load_open_hand(), Rotation.from_rotvec([0.5, -0.8, 2.0]).as_matrix()
    rotations = np.concatenate([turn[None], np.tile(np.eye(3), (15, 1, 1))])
    vertices, _ = pose_hand(data, rotations, np.zeros(10), [0.05, 0.02, 0.5])
    found, wrist_m = BoneTurns(data)(vertices)
    assert np.abs(found - rotations).max() < 1e-5
    assert wrist_m == pytest.approx([0.05, 0.02, 0.5], abs=1e-6)


def test_bent_fingers_of_other_hands_are_found_within_a_few_degrees() -> None:
    data, rng, off_deg, wrist_off_m = load_open_hand(), np.random.default_rng(0), [], []
    find = BoneTurns(data)
    for _ in range(30):
        bends = Rotation.from_rotvec(rng.uniform(-0.5, 0.5, (16, 3))).as_matrix()
        vertices, _ = pose_hand(data, bends, rng.normal(0, 1, 10), [0, 0, 0.5])
        found, wrist_m = find(vertices)
        off_deg.append(np.degrees(Rotation.from_matrix(found.transpose(0, 2, 1) @ bends).magnitude()))
        wrist_off_m.append(np.linalg.norm(wrist_m - [0, 0, 0.5]))
    assert np.mean(off_deg) < 4
    assert np.percentile(off_deg, 95) < 10
    assert np.mean(wrist_off_m) < 0.008
