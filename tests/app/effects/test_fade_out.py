"""Rings on hands that come and go."""

from __future__ import annotations

import numpy as np
import pytest

from app.effects.fade_out import FADE_S, FadeOut
from app.render.scene import Geometry, Metal, Prop, RingMount
from models.geometry import camera_from_fov
from tests.app.render.render_help import posed_hand

TRIANGLE = Geometry(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
FRAME_S = 1 / 30
CAMERA = camera_from_fov(640, 480)


def place(fade_out: FadeOut, props: list[Prop], now: float) -> list[Prop]:
    """With one hand in view for each track that wears something."""
    hands = [
        posed_hand(CAMERA, track_id=i)
        for i in sorted({p.mount.track_id for p in props if p.mount is not None})
    ]
    return fade_out.update(props, hands, now)


def ring(x: float = 0.0, track_id: int = 1, opacity: float = 1.0) -> Prop:
    pose = np.eye(4)
    pose[:3, 3] = [x, 0, 0.4]
    return Prop(TRIANGLE, pose, Metal((1, 1, 1), 0.1), RingMount(track_id, 4, 0.009, 0.011, 0.002), opacity)


def test_rings_in_view_are_left_alone():
    fade_out = FadeOut()
    for k in range(5):
        free = Prop(TRIANGLE, np.eye(4), Metal((1, 1, 1), 0.1))
        out = place(fade_out, [ring(0.01 * k), free], k * FRAME_S)
        assert sorted(p.opacity for p in out) == [1.0, 1.0]
        np.testing.assert_allclose(next(p for p in out if p.mount).pose, ring(0.01 * k).pose)


def test_a_lost_ring_fades_and_comes_to_rest_where_it_was_going():
    fade_out = FadeOut()
    for k in range(10):
        place(fade_out, [ring(0.01 * k)], k * FRAME_S)
    lost = [place(fade_out, [], (10 + k) * FRAME_S) for k in range(12)]
    opacity = [props[0].opacity for props in lost if props]
    x = [props[0].pose[0, 3] for props in lost if props]
    assert len(opacity) == pytest.approx(FADE_S / FRAME_S, abs=1)
    assert np.abs(np.diff([1.0, *opacity])).max() < 1.2 * FRAME_S / FADE_S
    steps = np.diff([0.09, *x])
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()  # ever slower
    assert steps[0] < 0.011
    assert sum(steps) < 0.03
    assert lost[-1] == []


def test_a_ring_found_again_comes_back_softly():
    fade_out = FadeOut()
    place(fade_out, [ring()], 0.0)
    shown = [1.0]
    for k in range(1, 6):
        shown += [p.opacity for p in place(fade_out, [], k * FRAME_S)]
    for k in range(6, 20):
        (back,) = place(fade_out, [ring()], k * FRAME_S)
        shown.append(back.opacity)
    assert np.abs(np.diff(shown)).max() < 1.2 * FRAME_S / FADE_S
    assert shown[-1] == 1.0


def test_parts_of_a_ring_stay_together_and_other_hands_are_not_touched():
    fade_out = FadeOut()
    place(fade_out, [ring(), ring(opacity=0.5), ring(0.1, track_id=2)], 0.0)
    out = place(fade_out, [ring(0.1, track_id=2)], 0.1)
    assert [p.mount.track_id for p in out] == [2, 1, 1]
    assert out[0].opacity == 1.0
    assert out[2].opacity == pytest.approx(0.5 * out[1].opacity)


def test_a_jump_back_in_time_forgets():
    fade_out = FadeOut()
    place(fade_out, [ring()], 5.0)
    assert place(fade_out, [], 1.0) == []


def test_a_ring_that_hides_on_a_hand_in_view_does_not_fade_out():
    fade_out = FadeOut()
    place(fade_out, [ring()], 0.0)
    assert fade_out.update([], [posed_hand(CAMERA, track_id=1)], FRAME_S) == []
