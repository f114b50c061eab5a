"""Water splashes on the moving hand, runs off, and is hidden by it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.effects import make_effect
from app.effects.hand_collider import HandCollider
from app.effects.water import DROP_RADIUS_M, MOST_DROPS
from app.render.scene import EffectContext, Water
from models.geometry import project
from models.hand.hand_data import load_open_hand
from tests.app.effects.acted import CAMERA, FPS, OPEN, acted, key
from tests.app.render.render_help import grey_frame, open_compositor, posed_hand

FLAT = (np.pi / 2, 0.0, 0.0)  # the palm up
HAND = posed_hand(CAMERA)


def poured(*hands, seconds: float = 1.5, effect=None, start_s: float = 0.0, velocity_m_s=(0.0, 0.0, 0.0)):
    """The effect after so long over hands that move at a steady speed, and the last frame's hands."""
    effect = effect or make_effect("water")
    there = hands
    for k in range(int(seconds * FPS)):
        there = tuple(hand.moved(k / FPS * np.array(velocity_m_s)) for hand in hands)
        effect.place(EffectContext(grey_frame(CAMERA), there, CAMERA, start_s + k / FPS))
    return effect, there


def depth_inside(drops_m: np.ndarray, *hands) -> np.ndarray:
    """How deep each drop near a hand lies under its skin, metres; negative above it."""
    collider = HandCollider(load_open_hand())
    collider.update(hands, 0.0)
    away = collider.contact(drops_m, 0.03).distance_m
    return -away[np.isfinite(away)]


def test_thousands_of_drops_are_poured_and_no_more():
    effect, _ = poured(HAND, seconds=1.5)
    assert 1300 < len(effect.drops_m) <= MOST_DROPS
    (water,) = effect.place(EffectContext(grey_frame(CAMERA), (HAND,), CAMERA, 1.5))
    assert isinstance(water, Water)
    assert water.radius_m == DROP_RADIUS_M
    assert len(water.drops_m) >= len(effect.drops_m)


@pytest.mark.parametrize("velocity", [(0, 0, 0), (0.1, 0, 0), (0, -0.12, 0)])
def test_drops_stay_outside_a_hand_that_rests_or_moves(velocity):
    hand = posed_hand(CAMERA, at=(-0.05, 0.08, 0.4))
    effect, there = poured(hand, seconds=1.0, velocity_m_s=velocity)
    inside = depth_inside(effect.drops_m, *there)
    assert len(inside) > 150  # on the skin or close to it
    assert (inside > 0.004).mean() < 0.08
    assert (inside > 0.010).mean() < 0.02


def test_water_runs_over_the_hand_and_falls_off_below():
    lying = posed_hand(CAMERA, turn=FLAT, at=(0.0, 0.05, 0.4))
    effect, _ = poured(lying, seconds=1.5)
    drops, hand = effect.drops_m, lying.vertices_m
    below = drops[:, 1] > hand[:, 1].max() + 0.03
    assert below.sum() > 100
    spread = np.ptp(np.percentile(drops[below][:, [0, 2]], [10, 90], axis=0), axis=0).max()
    free, _ = poured(posed_hand(CAMERA, at=(0, 0.05, 0.4)).moved(np.array([0.0, 0, 0])), seconds=0.1)
    stream = np.ptp(np.percentile(free.drops_m[:, [0, 2]], [10, 90], axis=0), axis=0).max()
    assert spread > 3 * stream  # it took another way than what falls freely


def test_a_blow_splashes():
    still, hit = (
        poured(posed_hand(CAMERA, turn=FLAT, at=(0.0, 0.10, 0.4)), seconds=1.0, velocity_m_s=(0, speed, 0))[0]
        for speed in (0.0, -0.15)
    )
    rising = [(e._velocity[:, 1] < -0.1).mean() for e in (still, hit)]
    assert rising[1] > rising[0]


def test_water_that_no_hand_stops_is_gone_soon():
    effect, _ = poured(HAND, seconds=1)
    poured(seconds=1.2, effect=effect, start_s=1.0)
    assert len(effect.drops_m) < 100
    poured(seconds=1.5, effect=effect, start_s=2.2)
    assert len(effect.drops_m) == 0


def test_frames_that_stay_away_begin_afresh():
    effect, _ = poured(HAND, seconds=1)
    effect.place(EffectContext(grey_frame(CAMERA), (HAND,), CAMERA, 60.0))
    assert len(effect.drops_m) == 0


def test_the_same_motion_gives_the_same_water():
    frames = [key(0, OPEN), key(0.7, OPEN)]
    effects = [make_effect("water"), make_effect("water")]
    for effect in effects:
        for context in acted(*frames):
            effect.place(context)
    np.testing.assert_array_equal(effects[0].drops_m, effects[1].drops_m)


def test_simulating_a_frame_is_quick():
    effect, _ = poured(HAND, seconds=1.0)
    times = []
    for k in range(15):
        start_s = time.process_time()
        effect.place(EffectContext(grey_frame(CAMERA), (HAND,), CAMERA, 1.0 + k / FPS))
        times.append(time.process_time() - start_s)
    assert np.median(times) < 0.03  # usually about a tenth; the budget is watched by `bench --effect water`


@pytest.fixture(scope="module")
def compositor():
    made = open_compositor()
    yield made
    made.close()


class Still:
    """An effect that places the same things in every frame."""

    def __init__(self, *things) -> None:
        self._things = things

    def place(self, context):
        return self._things

    def readout(self):
        return ()


def test_the_hand_hides_water_behind_it_and_not_before_it(compositor):
    hand = posed_hand(CAMERA)
    palm = hand.joints_m[[0, 9]].mean(0)
    offsets = np.random.default_rng(0).normal(0, 0.004, (60, 3)) * [1, 1, 0.2]
    changed = []
    for away in (-0.05, 0.05):
        drops = (palm + np.array([0, 0, away]) + offsets).astype(np.float32)
        picture = compositor.compose(grey_frame(CAMERA), [hand], CAMERA, Still(Water(drops, 0.004)), 0.0)
        changed.append(int((np.abs(picture.astype(int) - grey_frame(CAMERA)).max(2) > 8).sum()))
    assert changed[0] > 100
    assert changed[1] < 0.05 * changed[0]


def test_water_is_drawn_where_it_is(compositor):
    drops = np.array([[0.05, -0.02, 0.4]], np.float32) + np.zeros((9, 1), np.float32)
    frame = grey_frame(CAMERA)
    frame[::6] = 60  # something to bend
    picture = compositor.compose(frame, [], CAMERA, Still(Water(drops, 0.006)), 0.0)
    rows, columns = np.nonzero(np.abs(picture.astype(int) - frame).max(2) > 8)
    x, y = project(drops[0], CAMERA)
    assert abs(columns.mean() - x) < 6
    assert abs(rows.mean() - y) < 9  # the shadow lies below
    assert np.ptp(columns) < 8 * 0.006 * CAMERA.fx / 0.4


def test_malformed_water_is_told():
    with pytest.raises(ValueError, match=r"drops \(N, 3\)"):
        Water(np.zeros((4, 2), np.float32), 0.004)
    with pytest.raises(ValueError, match="an amount for each of 4"):
        Water(np.zeros((4, 3), np.float32), 0.004, np.ones(3, np.float32))


def test_only_dry_parts_of_the_picture_are_left_out(compositor, monkeypatch):
    """Water and its shadow are looked for in the tiles that have some: the picture is that of all tiles."""
    import app.render.water_layer as layer  # OpenGL, which the compositor has found to work

    frame, drops = grey_frame(CAMERA), np.random.default_rng(3).normal([0, 0.1, 0.4], 0.025, (300, 3))
    things = [Water(drops.astype(np.float32), DROP_RADIUS_M)]
    window, tiled = compositor.layer(frame, [posed_hand(CAMERA)], things, CAMERA, 0.0)
    tiles = [-(-n // layer._TILE_PX) for n in (window.height, window.width)]
    monkeypatch.setattr(layer, "_wet_tiles", lambda amount: np.ones(tiles, bool))
    _, whole = compositor.layer(frame, [posed_hand(CAMERA)], things, CAMERA, 0.0)
    assert window.width % layer._TILE_PX or window.height % layer._TILE_PX
    np.testing.assert_array_equal(tiled, whole)
