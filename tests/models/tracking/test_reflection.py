"""Reflections are told from hands, by made-up hands and mirrors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.hand.hand_data import load_open_hand
from models.tracking.reflection import Mirror, Reflections, mirror_between
from models.types import Handedness, HandMesh

HAND = load_open_hand()
REST_M = (HAND.regressor_21 @ HAND.template_m).astype(np.float64)
REST_M = REST_M - REST_M.mean(0)
BEHIND = Mirror(np.array([0.28, 0.0, -0.96]), -0.75)


def hand(track_id: int, joints_m: np.ndarray, side: Handedness, seed: int = 0) -> HandMesh:
    """As it is inferred: 6 mm of noise on each joint, and 3 % too far or near."""
    rng = np.random.default_rng([seed, track_id])
    seen = joints_m * (1 + rng.normal(0, 0.03)) + rng.normal(0, 0.006, (21, 3))
    return HandMesh(
        side, np.zeros((778, 3), np.float32), seen.astype(np.float32), np.zeros((21, 2), np.float32),
        1.0, track_id, 0.0, None,
    )  # fmt: skip


def turned(angle: float, at: tuple[float, float, float]) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return REST_M @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T + at


@pytest.mark.parametrize("seed", range(6))
def test_the_hand_in_the_mirror_is_the_reflection(seed: int) -> None:
    real = turned(0.4, (0.1, 0.05, 0.5))
    hands = [hand(3, real, "right", seed), hand(5, BEHIND.reflected(real), "left", seed)]
    assert Reflections().update(hands, 0.0) == {5}
    assert Reflections().update(hands[::-1], 0.0) == {5}, "in whatever order they come"


def test_the_mirror_is_found() -> None:
    real = turned(0.4, (0.1, 0.05, 0.5))
    mirror, misfit_m = mirror_between(real, BEHIND.reflected(real))
    assert misfit_m < 1e-6
    np.testing.assert_allclose(mirror.normal * np.sign(-mirror.normal[2]), BEHIND.normal, atol=1e-3)


def test_two_hands_held_alike_are_two_hands() -> None:
    one = turned(0.2, (0.15, 0.0, 0.5))
    other = one * [-1, 1, 1]
    assert Reflections().update([hand(1, one, "right"), hand(2, other, "left")], 0.0) == set()


def test_hands_of_one_side_or_of_different_poses_are_two_hands() -> None:
    real = turned(0.4, (0.1, 0.05, 0.5))
    image = BEHIND.reflected(real)
    assert Reflections().update([hand(1, real, "right"), hand(2, image, "right")], 0.0) == set()
    elsewhere = turned(2.4, (-0.1, 0.05, 0.9)) * [-1, 1, 1]
    assert Reflections().update([hand(1, real, "right"), hand(2, elsewhere, "left")], 0.0) == set()


def test_one_contrary_frame_changes_nothing() -> None:
    real = turned(0.4, (0.1, 0.05, 0.5))
    alike = [hand(1, real, "right"), hand(2, BEHIND.reflected(real), "left")]
    unlike = [alike[0], replace(alike[1], handedness="right")]
    gathered = Reflections()
    assert gathered.update(unlike, 0.0) == set()
    assert gathered.update(alike, 1 / 30) == set(), "not at the first glance"
    assert [gathered.update(alike, k / 30) for k in range(2, 40)][-1] == {2}
    assert gathered.update(unlike, 41 / 30) == {2}
    assert [gathered.update(unlike, k / 30) for k in range(42, 90)][-1] == set()
