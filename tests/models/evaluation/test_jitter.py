"""The jitter measures against closed forms: white noise, straight and circular motion."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.filter_lag import filter_lag, lag_s, moving_hands
from models.evaluation.jitter import HandTrack, drift_over_size, figures, high_pass, second_differences
from models.tracking.smoothing import hand_filter_config

T, FPS = 20_000, 30.0  # so many that chance plays no part
TIMES_S = np.arange(T) / FPS
NOISE_MM = {"root": np.array([0.4, 0.3, 2.0]), "joints": 0.6, "vertices": 0.5}
NOISE_PX = 0.7
# Mean length of a vector of D independent normals of deviation 1.
MEAN_LENGTH = {1: np.sqrt(2 / np.pi), 2: np.sqrt(np.pi / 2), 3: 2 * np.sqrt(2 / np.pi)}


def noisy_track(speed_m_s: float = 0.0, times_s: np.ndarray = TIMES_S) -> HandTrack:
    """A hand that moves straight on, under white noise of known size in each of its parts."""
    rng = np.random.default_rng(5)
    path = np.outer(times_s, [speed_m_s, 0.5 * speed_m_s, 0.2 * speed_m_s])[:, None]
    root = path + [0.0, 0.0, 0.5] + 1e-3 * rng.normal(size=(len(times_s), 1, 3)) * NOISE_MM["root"]
    shape = rng.uniform(-0.05, 0.05, (21, 3))
    shape[0] = 0
    joints = shape + 1e-3 * NOISE_MM["joints"] * rng.normal(size=(len(times_s), 21, 3))
    joints[:, 0] = 0
    vertices = 1e-3 * NOISE_MM["vertices"] * rng.normal(size=(len(times_s), 12, 3))
    pixels = 300 + 800 * path[..., :2] + NOISE_PX * rng.normal(size=(len(times_s), 21, 2))
    return HandTrack(times_s, pixels, joints + root, (vertices + root).astype(np.float32))


@pytest.mark.parametrize("speed_m_s", [0.0, 0.2])
def test_white_noise_of_known_size_is_measured_within_3_percent(speed_m_s: float) -> None:
    found = figures(noisy_track(speed_m_s))
    step = np.sqrt(6)  # deviation of a second difference of noise of deviation 1
    expected = {
        "joints_2d_px": step * NOISE_PX * MEAN_LENGTH[2],
        "joints_3d_mm": step * NOISE_MM["joints"] * MEAN_LENGTH[3] * 20 / 21,  # the root is one of the 21
        "root_mm": step * NOISE_MM["root"] * MEAN_LENGTH[1],
        "vertices_mm": step * NOISE_MM["vertices"] * MEAN_LENGTH[3],
    }
    for name, value in expected.items():
        assert found[f"{name}_per_frame2"] == pytest.approx(value, rel=0.03)
        assert found[f"{name}_per_s2"] == pytest.approx(value * FPS**2, rel=0.03)


def test_what_the_high_pass_leaves_of_white_noise() -> None:
    found = figures(noisy_track(0.3))
    left = np.sqrt(10 / 11)  # of a deviation of 1, once the mean of 11 is taken away
    assert found["joints_2d_px_highpass_rms"] == pytest.approx(left * NOISE_PX * np.sqrt(2), rel=0.03)
    assert found["root_mm_highpass_rms"] == pytest.approx(left * NOISE_MM["root"], rel=0.03)
    assert found["vertices_mm_highpass_rms"] == pytest.approx(
        left * NOISE_MM["vertices"] * np.sqrt(3), rel=0.03
    )


def test_a_circle_has_its_centripetal_acceleration_at_any_frame_times() -> None:
    rng = np.random.default_rng(1)
    times_s = np.cumsum(rng.uniform(0.008, 0.012, 600))  # frames never come evenly
    angle, radius_m = 2 * times_s, 0.1
    root = radius_m * np.stack([np.cos(angle), np.sin(angle), 0 * angle + 5], 1)[:, None]
    joints = np.repeat(root, 21, 1)
    track = HandTrack(times_s, joints[..., :2] * 1e3, joints, None)
    found = figures(track)
    assert found["joints_2d_px_per_s2"] == pytest.approx(1e3 * radius_m * 2**2, rel=0.01)
    assert found["joints_3d_mm_per_s2"] == pytest.approx(0, abs=1e-6)
    assert found["vertices_mm_per_frame2"] is None


def test_moments_without_a_hand_are_left_out() -> None:
    track = noisy_track()
    gaps = np.arange(T) % 40 == 7
    holes = {name: getattr(track, name).copy() for name in ("joints_2d_px", "joints_m", "vertices_m")}
    for values in holes.values():
        values[gaps] = np.nan
    broken = figures(HandTrack(TIMES_S, **holes))
    for name, value in figures(track).items():
        assert broken[name] == pytest.approx(value, rel=0.05)
    none = {name: np.full_like(values, np.nan) for name, values in holes.items()}
    assert set(figures(HandTrack(TIMES_S, **none)).values()) == {None}


def test_a_slow_stray_is_told_apart_from_noise() -> None:
    still = noisy_track()
    assert drift_over_size(HandTrack(TIMES_S, still.joints_2d_px * 10, still.joints_m, None))[0] < 12
    moving = still.joints_2d_px + np.linspace(-30, 30, T)[:, None, None] * [1, 0]
    assert drift_over_size(HandTrack(TIMES_S, moving, still.joints_m, None))[0] == pytest.approx(30, abs=1.5)


def test_short_tracks_have_no_figures_and_raise_nothing() -> None:
    for count in (0, 1, 2, 5):
        times_s = np.arange(count) / 30
        track = HandTrack(times_s, np.zeros((count, 21, 2)), np.zeros((count, 21, 3)), None)
        assert figures(track)["joints_2d_px_highpass_rms"] is None
        assert drift_over_size(track) == (0.0, 0.0)
    assert second_differences(np.zeros((2, 3))).shape == (0, 3)
    assert high_pass(np.zeros((4, 3))).shape == (0, 3)


@pytest.mark.parametrize("delay_s", [0.0, 0.023, 0.11, -0.04])
def test_a_known_delay_is_found(delay_s: float) -> None:
    times_s = np.arange(240) / 30
    path = lambda t: np.stack([np.sin(3 * t), 0.4 * np.sin(5.3 * t + 1), np.cos(1.7 * t)], -1)  # noqa: E731
    noise = np.random.default_rng(0).normal(0, 0.01, (240, 3))
    assert lag_s(path(times_s), path(times_s - delay_s) + noise, times_s) == pytest.approx(delay_s, abs=2e-3)


def test_the_slider_trades_lag_in_every_part_and_the_moving_hand_is_the_clips() -> None:
    hands, camera = moving_hands(30.0)
    assert (camera.width, len(hands)) == (640, 299)
    steady, responsive = (filter_lag(hand_filter_config(s), 30.0).rounded() for s in (0.0, 1.0))
    assert all(steady[part] > responsive[part] > 0 for part in steady)
