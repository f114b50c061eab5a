"""Grasp and press read off the mesh, on synthetic motion that jitters as a tracker's does."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from app.effects.gestures import Hysteresis, closure_hysteresis, closures, palm_frame, thumb_over
from tests.app.effects.acted import FIST, OPEN, ROUND, Fingers, acted, key


def only(fingers: Fingers, handedness="right", **how):
    """The hand that rests in a pose."""
    return next(acted(key(0, fingers), key(1, fingers), jitter_m=0, handedness=handedness, **how)).hands[0]


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_closure_grows_from_an_open_hand_to_a_fist(handedness):
    values = [palm_frame(only(pose, handedness)).closure for pose in (OPEN, ROUND, FIST)]
    assert values[0] < 0.1
    assert 0.6 < values[1] < 0.9
    assert values[2] > 0.95


def test_each_finger_is_told_apart():
    pointing = Fingers(
        index=(0, 0, 0, 0), middle=(85, 95, 55, 0), ring=(85, 95, 55, 0), little=(85, 95, 55, 0)
    )
    closed = closures(only(pointing).joints_m)
    assert closed[0] < 0.2
    assert closed[1:].min() > 0.9


@pytest.mark.parametrize("handedness", ["right", "left"])
@pytest.mark.parametrize("turn_deg", [0, 60, 180])
def test_the_frame_of_what_is_held_turns_with_the_hand(handedness, turn_deg):
    hand = next(
        acted(key(0, OPEN, turn_deg=turn_deg), key(1, OPEN, turn_deg=turn_deg), handedness=handedness)
    ).hands[0]
    held = palm_frame(hand, 0.02)
    axes = np.stack([held.across, held.out, held.forward])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    joints = hand.joints_m
    assert held.across @ (joints[5] - joints[17]) > 0.05
    assert held.forward @ (joints[9] - joints[0]) > 0.05
    assert held.out @ [0, 0, -1] * np.cos(np.radians(turn_deg)) > 0.2  # at 0 the palm looks at the camera
    assert (held.center_m - held.palm_m) @ held.out == pytest.approx(0.02, abs=1e-3)


def test_a_fist_holds_inside_itself():
    hand = only(FIST)
    middle = palm_frame(hand).center_m
    around = hand.vertices_m - middle
    for axis in np.eye(3):  # skin on every side of it
        assert (around @ axis).max() > 0.01
        assert (around @ axis).min() < -0.01


@pytest.mark.parametrize("handedness", ["right", "left"])
@pytest.mark.parametrize("seed", range(3))
def test_a_hand_that_closes_and_opens_grasps_once(handedness, seed):
    closed, told = closure_hysteresis(), []
    frames = acted(
        key(0, OPEN),
        key(1, OPEN),
        key(1.4, ROUND),
        key(3, ROUND),
        key(3.4, OPEN),
        key(4.5, OPEN),
        handedness=handedness,
        seed=seed,
    )
    for context in frames:
        now = context.time_s
        told.append((now, closed.update(palm_frame(context.hands[0]).closure, now)))
    times = [b[0] for a, b in itertools.pairwise(told) if a[1] != b[1]]
    assert len(times) == 2
    assert 1.0 < times[0] < 1.55
    assert 3.0 < times[1] < 3.55


def test_a_hysteresis_ignores_jitter_and_what_does_not_last():
    hysteresis, rng = Hysteresis(0.6, 0.4, lasting_s=0.06), np.random.default_rng(0)
    frames = np.arange(0, 3, 1 / 30)
    assert not any(hysteresis.update(0.5 + rng.normal(0, 0.04), t) for t in frames)
    assert not hysteresis.update(0.9, 3.0)  # one wrong frame
    assert not hysteresis.update(0.5, 3.033)
    assert [hysteresis.update(0.9, t) for t in (3.1, 3.133, 3.166)] == [False, False, True]
    assert all(hysteresis.update(0.5 + rng.normal(0, 0.04), t) for t in frames + 4)
    with pytest.raises(ValueError, match="on_above > off_below"):
        Hysteresis(0.4, 0.6)


def test_the_thumb_is_measured_square_to_the_surface():
    hand = only(OPEN)
    tip, up = hand.joints_m[4].astype(float), np.array([0.0, 0, -1])
    start, beyond = tip + np.array([0.003, 0.004, 0.02]), np.array([0.01, 0, 0])
    assert thumb_over(hand, start, start + beyond, up) == pytest.approx((0.005, 0.02), abs=1e-6)
    assert thumb_over(hand, start, start - beyond, up) == pytest.approx((0.004, 0.02), abs=1e-6)
