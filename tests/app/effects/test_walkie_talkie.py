"""The radio is taken by a hand that closes, spoken into by the thumb, let go by a hand that opens."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from app.effects import make_effect
from app.effects.walkie_talkie import WalkieTalkieEffect
from app.render.scene import EffectContext, Paint
from tests.app.effects.acted import CAMERA, LIFTED, OPEN, PRESSING, ROUND, Fingers, acted, key
from tests.app.render.render_help import grey_frame

PALM = (0.0, 0.10, 0.42)


def played(frames, effect=None) -> tuple[WalkieTalkieEffect, list[tuple[float, bool, bool, np.ndarray]]]:
    """Time, held, pressed and the radio's place of every frame."""
    effect = effect or make_effect("walkie_talkie")
    seen = []
    for context in frames:
        props = effect.place(context)
        seen.append((context.time_s, effect.held, effect.pressed, props[0].pose[:3, 3]))
    return effect, seen


def changes(seen, what: int) -> list[float]:
    """When one of the answers changed."""
    return [b[0] for a, b in itertools.pairwise(seen) if a[what] != b[what]]


@pytest.mark.parametrize("handedness", ["right", "left"])
@pytest.mark.parametrize("seed", range(2))
def test_taken_pressed_and_let_go(handedness, seed):
    keys = [(0, OPEN), (0.8, OPEN), (1.1, ROUND), (2, ROUND), (2.3, PRESSING), (3.2, PRESSING)]
    keys += [(3.5, LIFTED), (4.4, LIFTED), (4.7, OPEN), (6, OPEN)]
    _, seen = played(acted(*(key(t, pose) for t, pose in keys), handedness=handedness, seed=seed))
    taken, let_go = changes(seen, 1)
    assert 0.8 < taken < 1.3
    assert 4.4 < let_go < 4.9
    down, up = changes(seen, 2)
    assert 2.0 < down < 2.5
    assert 3.2 < up < 3.7


def test_it_follows_the_hand_that_holds_it_and_stays_where_it_was_left():
    left, right = (-0.06, 0.10, 0.42), (0.10, 0.06, 0.40)
    keys = [(0, OPEN, left), (0.5, OPEN, left), (0.8, ROUND, left), (1.5, ROUND, left), (2.5, ROUND, right)]
    _, seen = played(acted(*(key(t, pose, at) for t, pose, at in [*keys, (3.2, ROUND, right)])))
    assert seen[-1][1]
    assert seen[-1][3][0] - seen[40][3][0] == pytest.approx(right[0] - left[0], abs=0.02)
    keys += [(3.2, ROUND, right), (3.5, OPEN, right), (4.0, OPEN, right), (5.0, OPEN, left)]
    _, seen = played(acted(*(key(t, pose, at) for t, pose, at in keys)))
    assert not seen[-1][1]
    assert seen[-1][3][0] > 0.03


def test_a_hand_that_closes_elsewhere_takes_nothing():
    far = (0.16, 0.10, 0.42)
    keys = [key(0, OPEN), key(0.3, OPEN), key(1.2, OPEN, far), key(1.5, ROUND, far), key(2.5, ROUND, far)]
    _, seen = played(acted(*keys))
    assert not any(held for _, held, _, _ in seen)


def test_a_hand_that_comes_as_a_fist_takes_nothing_before_it_opened():
    _, seen = played(acted(key(0, ROUND), key(1, ROUND)))
    assert not any(held for _, held, _, _ in seen)
    _, seen = played(acted(key(0, ROUND), key(0.5, OPEN), key(1, OPEN), key(1.4, ROUND), key(2, ROUND)))
    assert seen[-1][1]


def test_pressing_in_the_air_does_nothing():
    effect, seen = played(acted(key(0, PRESSING), key(1, PRESSING)))
    assert not any(pressed for _, _, pressed, _ in seen)
    assert list(effect.readout()) == ["Close your hand on the radio to take it"]


def test_the_lamp_lights_while_it_is_pressed():
    def glow(frames):
        effect = make_effect("walkie_talkie")
        for context in frames:
            props = effect.place(context)
        return max(sum(prop.material.glow_rgb) for prop in props if isinstance(prop.material, Paint))

    closing = [key(0, OPEN), key(0.5, OPEN), key(0.8, ROUND), key(1.4, ROUND)]
    assert glow(acted(*closing)) == 0
    assert glow(acted(*closing, key(1.7, PRESSING), key(2.4, PRESSING))) > 1


def test_a_hand_that_is_lost_lets_go_after_a_while():
    effect, seen = played(acted(key(0, OPEN), key(0.5, OPEN), key(0.8, ROUND), key(1.5, ROUND)))
    assert effect.held
    now = seen[-1][0]
    for k in range(1, 12):
        props = effect.place(EffectContext(grey_frame(CAMERA), (), CAMERA, now + 0.1 * k))
        assert effect.held == (k <= 6)
    assert len(props) > 0


def test_another_hand_does_not_take_it_away():
    closing = [key(0, OPEN), key(0.5, OPEN), key(0.8, ROUND), key(2.5, ROUND)]
    late = [key(0, OPEN), key(1.2, OPEN), key(1.5, ROUND), key(2.5, ROUND)]
    effect = make_effect("walkie_talkie")
    for first, second in zip(acted(*closing), acted(*late, track_id=2), strict=True):
        effect.place(replace(first, hands=(*first.hands, *second.hands)))
    assert effect._radio.holder == 1


def test_time_that_jumps_begins_afresh():
    effect, _ = played(acted(key(0, OPEN), key(0.5, OPEN), key(0.8, ROUND), key(1.5, ROUND)))
    frames = acted(key(100, Fingers()), key(101, Fingers()))
    effect.place(next(frames))
    assert not effect.held
