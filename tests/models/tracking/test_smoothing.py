from dataclasses import replace

import numpy as np
import pytest

from models.geometry import camera_from_fov, project
from models.tracking.smoothing import HandFilter, OneEuro, OneEuroConfig, hand_filter_config
from models.types import HandMesh

CAMERA = camera_from_fov(640, 480)
RNG = np.random.default_rng(0)
SHAPE = RNG.uniform(-0.09, 0.09, (799, 3))


def hand(root: np.ndarray, time_s: float, noise_m: float = 0.0, handedness: str = "right") -> HandMesh:
    """A hand of fixed shape at `root`; noise: of its depth, and a tenth of that elsewhere."""
    shift = root + RNG.normal(0, noise_m, 3) * [0.1, 0.1, 1]
    points = (SHAPE + shift + RNG.normal(0, 0.1 * noise_m, SHAPE.shape)).astype(np.float32)
    px = project(points[778:], CAMERA).astype(np.float32)
    return HandMesh(handedness, points[:778], points[778:], px, 0.9, 0, time_s)  # type: ignore[arg-type]


def acceleration(x: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(x, 2, axis=0), axis=-1).mean())


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_noise_on_a_still_hand_shrinks_to_a_third_in_every_part(smoothing: float) -> None:
    f = HandFilter(hand_filter_config(smoothing))
    raw = [hand(np.array([0.05, 0.0, 0.5]), i / 30, 0.004) for i in range(200)]
    out = [f(h, CAMERA) for h in raw]
    for part in (
        lambda h: h.joints_m[9],
        lambda h: h.joints_m[9:10, 2],
        lambda h: h.vertices_m - h.joints_m[0],
        lambda h: h.joints_2d_px,
    ):
        before, after = np.array([part(h) for h in raw])[30:], np.array([part(h) for h in out])[30:]
        assert acceleration(after) < acceleration(before) / 3
        assert (after - after.mean(0)).std() < (before - before.mean(0)).std() / 2


def test_a_moving_hand_hardly_lags_and_the_slider_trades_lag_for_steadiness() -> None:
    lags, shakes = [], []
    for smoothing in (0.0, 0.5, 1.0):
        f = HandFilter(hand_filter_config(smoothing))
        path = [np.array([-0.2 + 0.4 * i / 30, 0.05, 0.5 + 0.2 * i / 30]) for i in range(40)]
        out = [f(hand(p, i / 30), CAMERA) for i, p in enumerate(path)]
        behind_m = np.array([h.joints_m[0] - SHAPE[778] - p for h, p in zip(out, path, strict=True)])[15:]
        lags.append(np.abs(behind_m).mean(0) / [0.4, 1, 0.2] * 1e3)
        still = [f(hand(path[-1], 2 + i / 30, 0.004), CAMERA).joints_m[9] for i in range(100)]
        shakes.append(acceleration(np.array(still)[30:]))
    assert lags[0][0] > lags[1][0] > lags[2][0]
    assert shakes[0] < shakes[1] < shakes[2]
    assert lags[1][0] < 15, "milliseconds, across the picture"
    assert lags[1][2] < 70, "milliseconds, in depth"


def test_a_step_is_followed() -> None:
    f = OneEuro(OneEuroConfig(0.5, 50))
    for i in range(30):
        f([0.0, 0.0], i / 30)
    out = [f([0.1, 0.0], 1 + i / 30)[0] for i in range(15)]
    assert out[3] > 0.08
    assert abs(out[-1] - 0.1) < 0.005
    assert max(out) <= 0.1 + 1e-9, "no overshoot"


def test_a_filter_of_many_entries_keeps_their_shape() -> None:
    f = OneEuro(OneEuroConfig(0.5, 50))
    x = np.random.default_rng(1).normal(size=(50, 3))
    for i in range(20):
        out = f(x + np.array([0.02 * i, 0, 0]), i / 30)
        np.testing.assert_allclose(out - out[0], x - x[0], atol=1e-12)


def test_the_rate_of_frames_does_not_matter_much() -> None:
    ends = []
    for fps in (15, 30, 120):
        f = OneEuro(OneEuroConfig(0.5, 10))
        for i in range(fps):
            out = f([0.3 * i / fps], i / fps)
        ends.append(0.3 * (fps - 1) / fps - out[0])
    assert max(ends) < 1.3 * min(ends)


def test_odd_times() -> None:
    f = OneEuro(OneEuroConfig(0.5, 1))
    f([0.0], 0.0)
    f([0.0], 0.03)
    assert f([1.0], 0.03)[0] == 0.0, "a repeated time changes nothing"
    assert 0.0 < f([1.0], 0.06)[0] < 0.7
    assert f([2.0], 5.0)[0] == 2.0, "after a gap it begins anew"
    assert f([3.0], 1.0)[0] == 3.0, "and after a step back"
    assert np.isfinite(f([4.0], 1.0 + 1e-9)).all()
    assert f([[1.0, 2.0]], 1.01).shape == (1, 2), "and with another shape"


def test_a_changed_side_begins_anew() -> None:
    f = HandFilter(hand_filter_config(0.5))
    for i in range(10):
        f(hand(np.array([0.0, 0.0, 0.5]), i / 30), CAMERA)
    other = hand(np.array([0.1, 0.0, 0.6]), 10 / 30, handedness="left")
    np.testing.assert_allclose(f(other, CAMERA).vertices_m, other.vertices_m, atol=1e-6)


def test_everything_else_of_a_hand_passes_unchanged() -> None:
    f = HandFilter(hand_filter_config(0.5))
    h = replace(hand(np.array([0.0, 0.0, 0.5]), 1.0), presence=0.7, track_id=5)
    out = f(h, CAMERA)
    assert (out.presence, out.track_id, out.time_s, out.handedness) == (0.7, 5, 1.0, "right")


@pytest.mark.parametrize("smoothing", [-0.1, 1.5, float("nan")])
def test_the_slider_has_ends(smoothing: float) -> None:
    with pytest.raises(ValueError, match=r"0 \(steady\) to 1"):
        hand_filter_config(smoothing)
