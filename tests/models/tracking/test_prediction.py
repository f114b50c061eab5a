"""Hands ahead of time: right on a steady way, better than late ones on a real one, honest about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.filter_lag import moving_hands
from models.tracking.prediction import MOST_AHEAD_S, HandPredictor
from models.types import HandMesh
from tools.measure_smoothing import measure, measure_prediction

HAND = moving_hands(30.0)[0][0]


def moved(time_s: float, track_id: int = 0) -> HandMesh:
    """A hand on a straight line at 0.3 m/s, 200 px/s."""
    there = HAND.moved(np.array([0.3 * time_s, 0, 0]))
    pixels = (HAND.joints_2d_px + np.array([200 * time_s, 0])).astype(np.float32)
    return replace(there, joints_2d_px=pixels, time_s=time_s, track_id=track_id)


def test_a_straight_motion_is_predicted() -> None:
    predictor = HandPredictor()
    for k in range(30):
        predictor.update([moved(k / 30)])
        (ahead,) = predictor.at(k / 30 + 0.04)
    expected = moved(29 / 30 + 0.04)
    np.testing.assert_allclose(ahead.joints_2d_px, expected.joints_2d_px, atol=0.05)
    np.testing.assert_allclose(ahead.vertices_m, expected.vertices_m, atol=1e-4)
    assert ahead.time_s == pytest.approx(expected.time_s)
    assert predictor.error_px is not None
    assert predictor.error_px < 2


def test_nothing_is_predicted_of_a_new_hand_nor_beyond_the_limit() -> None:
    predictor = HandPredictor()
    predictor.update([moved(0.0)])
    np.testing.assert_array_equal(predictor.at(0.05)[0].joints_m, moved(0.0).joints_m)
    for k in range(1, 20):
        predictor.update([moved(k / 30)])
    far, limit = predictor.at(10.0)[0], predictor.at(19 / 30 + MOST_AHEAD_S)[0]
    np.testing.assert_array_equal(far.joints_m, limit.joints_m)
    predictor.update([moved(19 / 30 + 0.033, track_id=7)])
    np.testing.assert_array_equal(predictor.at(0.7)[0].joints_2d_px, moved(19 / 30 + 0.033).joints_2d_px)
    predictor.update([])
    assert predictor.at(1.0) == ()


def test_the_past_asked_for_is_the_present() -> None:
    predictor = HandPredictor()
    for k in range(5):
        predictor.update([moved(k / 30)])
    assert predictor.at(0.0)[0].time_s == 4 / 30


def test_prediction_more_than_halves_the_error_of_a_real_motion() -> None:
    for ahead_ms in (33, 67):
        predicted, late = measure_prediction(ahead_ms)
        assert predicted < late / 2


def test_the_slider_is_measured_as_it_is_charted() -> None:
    steady, responsive = measure(0.0), measure(1.0)
    for part in ("picture", "articulation", "depth"):
        assert steady.jitter[part] < responsive.jitter[part] < 1
    assert steady.lag.depth_ms > responsive.lag.depth_ms
