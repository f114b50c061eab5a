"""Finger joints by their anatomical angles, in torch."""

from __future__ import annotations

import numpy as np
import torch

from models.hand.hand_data import load_open_hand
from models.hand.joint_limits import LIMITS_DEG, anatomical_frames, angles_to_rotations
from models.networks.layers.anatomy import Anatomy

HAND = load_open_hand()
ANATOMY = Anatomy(HAND)


def some_angles(n: int) -> np.ndarray:
    """(n, 15, 3) within the limits."""
    low, high = np.moveaxis(np.radians(LIMITS_DEG), -1, 0)
    return low + (high - low) * np.random.default_rng(0).random((n, 15, 3))


def test_rotations_are_those_of_the_hand_model() -> None:
    true = some_angles(8)
    free = torch.from_numpy(true.reshape(8, 45)).float() @ ANATOMY.spread.T
    expected = angles_to_rotations(true, anatomical_frames(HAND))
    np.testing.assert_allclose(ANATOMY.rotations(free).numpy(), expected, atol=1e-5)
    np.testing.assert_allclose(ANATOMY.angles(ANATOMY.rotations(free)), free, atol=1e-4)


def test_what_no_finger_can_do_is_left_out() -> None:
    twisted = some_angles(4)
    twisted[:, 1::3, 1:] = 0.4  # middle joints bent sideways and twisted
    twisted[:, 4, 0] = np.radians(-60)  # and one bent back
    R = torch.from_numpy(angles_to_rotations(twisted, anatomical_frames(HAND))).float()
    kept = ANATOMY.held(ANATOMY.angles(R)) @ ANATOMY.spread
    kept = kept.unflatten(1, (15, 3)).numpy()
    assert np.abs(kept[:, 4::3, 1:]).max() == 0
    np.testing.assert_allclose(kept[:, 4, 0], np.radians(LIMITS_DEG[4, 0, 0]), atol=1e-5)
    unlike = ANATOMY.unlike(R)
    assert float(unlike[:, 1::3].min()) > 0.1
    assert float(unlike[:, 0].max()) < 1e-6
