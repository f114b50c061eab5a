"""Poses that were measured come back as the angles that made them."""

from __future__ import annotations

import numpy as np
import torch

from models.hand.hand_data import load_open_hand
from models.hand.joint_limits import anatomical_frames, angles_to_rotations
from models.networks.layers.skinning import HandSkinning
from models.training.synthetic.poses import PoseSource
from tools.build.real_poses import Measured, fit, kept


def test_angles_are_found_again_and_doubles_dropped() -> None:
    hand = load_open_hand()
    poses = PoseSource(hand)
    true = poses.draw(np.random.default_rng(4), 6)
    R = np.concatenate(
        [np.tile(np.eye(3), (6, 1, 1, 1)), angles_to_rotations(true, anatomical_frames(hand))], 1
    )
    _, joints = HandSkinning(hand)(torch.from_numpy(R).float(), torch.zeros(6, 10), torch.zeros(1).long())
    points = joints.numpy().astype(np.float64)[:, 1:]
    points = np.concatenate([points, points[:1] + 0.3])  # the first again, elsewhere
    measured = Measured(points, np.eye(21)[1:], np.zeros(7, np.intp))
    angles, off = fit(measured, hand)
    assert np.median(off) < 0.002
    flexion = np.abs(angles[:6, 3:, 0] - true[:, 3:, 0])
    assert np.median(flexion) < np.radians(6)
    rows = kept(angles, off, measured.group, poses)
    assert not {0, 6} <= set(rows.tolist())
