import numpy as np
import pytest

from tools.clip.motion import Fingers, Key, Motion

UP = Key(0.0, (0, 0.1, 0.4), (0, 0.4, 0.4))


def test_an_upright_arm_at_rest_shows_the_palm_and_turned_shows_the_back() -> None:
    keys = [UP, Key(1.0, UP.wrist_m, UP.elbow_m, turn_deg=180)]
    motion = Motion(keys, noise=0)
    np.testing.assert_allclose(motion.at(0).R_wrist, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(motion.at(9).R_wrist, np.diag([-1, 1, -1]), atol=1e-9)
    half = motion.at(0.5).R_wrist
    assert half[2, 0] > 0.9  # supination takes the thumb away from the camera
    np.testing.assert_allclose(half @ half.T, np.eye(3), atol=1e-9)


def test_bending_and_tilting_the_wrist() -> None:
    fingertips = [0, -1, 0]
    bent = Motion([UP, Key(1, UP.wrist_m, UP.elbow_m, bend_deg=30)], noise=0).at(9).R_wrist @ fingertips
    assert bent[2] < -0.4  # the palm faces the camera, so the fingers come towards it
    tilted = Motion([UP, Key(1, UP.wrist_m, UP.elbow_m, tilt_deg=30)], noise=0).at(9).R_wrist @ fingertips
    assert tilted[0] > 0.4  # towards the thumb


def test_fingers_follow_one_after_the_other_without_overshoot() -> None:
    keys = [UP, Key(1.0, UP.wrist_m, UP.elbow_m, fingers=Fingers(index=(60, 0, 0, 0), little=(60, 0, 0, 0)))]
    motion = Motion(keys, noise=0)
    index = np.degrees([motion.at(t).angles_rad[3, 0] for t in np.linspace(0, 1.2, 60)])
    little = np.degrees([motion.at(t).angles_rad[12, 0] for t in np.linspace(0, 1.2, 60)])
    assert (np.diff(index) >= -1e-9).all()
    assert index.max() <= 60 + 1e-9
    assert index[25] > little[25] + 2
    assert little[-1] == pytest.approx(60)


def test_noise_is_small_seeded_and_never_twists_bones() -> None:
    keys = [UP, Key(1.0, UP.wrist_m, UP.elbow_m)]
    a, b, still = Motion(keys, seed=1), Motion(keys, seed=1), Motion(keys, noise=0)
    for t in (0.1, 0.6):
        np.testing.assert_array_equal(a.at(t).angles_rad, b.at(t).angles_rad)
        assert 0 < np.abs(a.at(t).wrist_m - still.at(t).wrist_m).max() < 0.005
        assert np.abs(np.degrees(a.at(t).angles_rad)).max() < 2.5
        assert np.abs(a.at(t).angles_rad[:, 2]).max() < 1e-12


def test_keys_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="growing"):
        Motion([UP, UP])
