"""The ball lies in the palm, is squeezed by a fist, and flies up when that opens."""

from __future__ import annotations

import numpy as np
import pytest

from app.effects import make_effect
from app.effects.ball import RADIUS_M, BallEffect
from app.effects.gestures import palm_frame
from app.effects.hand_collider import HandCollider
from app.render.scene import EffectContext
from models.hand.hand_data import load_open_hand
from tests.app.effects.acted import CAMERA, FIST, OPEN, ROUND, acted, key
from tests.app.render.render_help import grey_frame

LEFT, RIGHT = (-0.06, 0.10, 0.42), (0.08, 0.06, 0.40)


def played(frames) -> tuple[BallEffect, list[tuple[float, np.ndarray, float, EffectContext]]]:
    """Time, the ball's place and size, and the context of every frame."""
    effect, seen = make_effect("ball"), []
    for context in frames:
        pose = effect.place(context)[0].pose
        seen.append((context.time_s, pose[:3, 3], float(np.linalg.norm(pose[:3, 0])), context))
    return effect, seen


def palm_of(context: EffectContext) -> np.ndarray:
    return palm_frame(context.hands[0]).palm_m


@pytest.mark.parametrize("handedness", ["right", "left"])
def test_it_lies_on_the_palm_and_touches_the_skin(handedness):
    _, seen = played(acted(key(0, OPEN), key(1.2, OPEN), handedness=handedness))
    _, place, size, context = seen[-1]
    assert np.linalg.norm(place - palm_of(context)) < RADIUS_M + 0.025
    assert size == pytest.approx(1, abs=0.05)
    collider = HandCollider(load_open_hand())
    collider.update(context.hands, 0.0)
    nearest = np.linalg.norm(collider.within(place, 0.08)[0] - place, axis=1).min()
    assert nearest == pytest.approx(RADIUS_M, abs=0.004)


def test_it_goes_with_the_hand_and_rolls():
    _, seen = played(
        acted(key(0, OPEN, LEFT), key(0.6, OPEN, LEFT), key(1.6, OPEN, RIGHT), key(2.2, OPEN, RIGHT))
    )
    moved = seen[-1][1] - seen[15][1]
    assert moved[0] == pytest.approx(RIGHT[0] - LEFT[0], abs=0.02)


def test_a_fist_squeezes_it_and_opening_throws_it_up_and_it_comes_back():
    frames = acted(
        key(0, OPEN), key(0.6, OPEN), key(0.9, FIST), key(1.6, FIST), key(1.85, OPEN), key(4, OPEN)
    )
    _, seen = played(frames)
    times = np.array([s[0] for s in seen])
    sizes = np.array([s[2] for s in seen])
    assert sizes[(times > 1.3) & (times < 1.6)].max() < 0.8
    held = [s for s in seen if 1.3 < s[0] < 1.6]
    assert max(np.linalg.norm(s[1] - palm_frame(s[3].hands[0]).center_m) for s in held) < 0.02
    heights = np.array([palm_of(s[3])[1] - s[1][1] for s in seen])  # the camera's y looks down
    flying = (times > 1.7) & (times < 2.4)
    assert heights[flying].max() > heights[times < 0.6].max() + 0.03
    assert np.linalg.norm(seen[-1][1] - palm_of(seen[-1][3])) < RADIUS_M + 0.03


def test_a_fist_leaves_it_no_more_room_than_its_bones_do():
    _, seen = played(acted(key(0, OPEN), key(0.6, OPEN), key(0.9, FIST), key(1.6, FIST)))
    _, place, size, context = seen[-1]
    knuckle, middle = context.hands[0].joints_m[[9, 10]].astype(float)
    along = middle - knuckle
    fraction = np.clip((place - knuckle) @ along / (along @ along), 0, 1)
    assert size * RADIUS_M <= max(np.linalg.norm(place - knuckle - fraction * along) + 0.007, 0.5 * RADIUS_M)


def test_a_hand_turned_quickly_has_it_on_its_palm_again():
    frames = acted(key(0, OPEN), key(0.6, OPEN), key(0.75, OPEN, turn_deg=180), key(1.6, OPEN, turn_deg=180))
    _, seen = played(frames)
    held = palm_frame(seen[-1][3].hands[0])
    assert (seen[-1][1] - held.palm_m) @ held.out > 0


def test_a_hand_half_closed_does_not_throw():
    half = acted(key(0, OPEN), key(0.5, OPEN), key(0.9, ROUND), key(1.0, ROUND))
    _, seen = played(half)
    assert max(palm_of(s[3])[1] - s[1][1] for s in seen) < 0.06


def test_each_hand_has_its_own_and_a_lost_one_goes():
    effect = make_effect("ball")
    first = next(acted(key(0, OPEN, LEFT), key(1, OPEN, LEFT))).hands[0]
    second = next(acted(key(0, OPEN, RIGHT), key(1, OPEN, RIGHT), handedness="left", track_id=2)).hands[0]

    def balls(time_s, *hands) -> int:
        return len(effect.place(EffectContext(grey_frame(CAMERA), hands, CAMERA, time_s))) // 2

    assert balls(0.0, first, second) == 2
    assert balls(0.1, first) == 2
    assert [balls(0.1 + 0.2 * k, first) for k in range(1, 9)][-1] == 1


def test_time_that_jumps_begins_afresh():
    effect, _ = played(acted(key(0, OPEN), key(0.6, FIST)))
    context = next(acted(key(50, OPEN), key(51, OPEN)))
    props = effect.place(context)
    assert np.linalg.norm(props[0].pose[:3, 3] - palm_frame(context.hands[0], RADIUS_M).center_m) < 1e-6
