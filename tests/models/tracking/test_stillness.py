"""What trembles is held; what moves is followed, one finger too."""

import numpy as np

from models.hand.hand_data import load_open_hand
from models.tracking.stillness import STILL_BOXES, STILL_M, smooth_mesh, steady_joints


def test_a_trembling_hand_is_smoothed_and_a_moving_one_is_not_late() -> None:
    random = np.random.default_rng(2)
    hand, joints = random.normal(0, 0.04, (100, 3)), random.normal(0, 0.04, (21, 3))
    seen, kept, late = [], [], 0.0
    held = (hand, joints)
    for k in range(120):
        moved = np.array([0.0015 * max(k - 60, 0), 0, 0])
        tremble = random.normal(0, 4e-4, 3)
        held = smooth_mesh((hand + moved + tremble, joints + moved + tremble), held)[:2]
        if k < 60:
            seen.append(tremble), kept.append((held[0] - hand)[0])
        else:
            late = max(late, float(np.linalg.norm(held[0][0] - hand[0] - moved - tremble)))
    shakes = [np.abs(np.diff(np.array(path), 2, axis=0)).mean() for path in (seen, kept)]
    assert shakes[1] < 0.5 * shakes[0]
    assert late < 0.501 * STILL_M
    far = smooth_mesh((hand + 0.05, joints + 0.05), held)[:2]
    assert np.abs(far[0] - hand - 0.05).max() < 1e-3, "a jump is followed at once"


def test_one_finger_that_moves_is_not_late_either() -> None:
    open_hand = load_open_hand()
    vertices, joints = open_hand.template_m, open_hand.regressor_21 @ open_hand.template_m
    finger = open_hand.regions == 2
    held, late = (vertices, joints), 0.0
    for k in range(30):
        now = vertices.copy()
        now[finger, 2] += 0.002 * k
        held = smooth_mesh((now, joints), held)[:2]
        late = max(late, float(np.abs(held[0] - now).max()))
    assert late < 0.501 * STILL_M


def test_joints_in_the_picture_are_held_one_by_one() -> None:
    random = np.random.default_rng(3)
    joints = random.uniform(100, 300, (21, 2)).astype(np.float32)
    box = float(np.ptp(joints, axis=0).max())
    kept, held = [], joints
    seen = joints + random.normal(0, 0.0015 * box, (80, 21, 2)).astype(np.float32)
    for now in seen:
        held = steady_joints(now, held)
        kept.append(held)
    shakes = [np.abs(np.diff(np.array(path), 2, axis=0)).mean() for path in (seen, kept)]
    assert shakes[1] < 0.3 * shakes[0]
    for k in range(20):
        now = joints.copy()
        now[8] += k * 0.02 * box
        held = steady_joints(now, held)
        if k:
            assert np.linalg.norm(held[8] - now[8]) < 0.501 * STILL_BOXES * box, "the fingertip that moves"
    assert held.dtype == np.float32
