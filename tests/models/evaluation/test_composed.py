"""Clips of hands whose places are known: the truth that they carry, and how following is judged by it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.datasets.cutout import Cutout, cut_out
from models.evaluation.composed import (
    CLIPS,
    HEIGHT,
    WIDTH,
    ComposedFrame,
    Followed,
    TrueHand,
    compose,
    hands_of,
    mirrored,
)
from models.hand.hand_data import load_open_hand
from models.types import Float32, Handedness

GROUND = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)


def joints() -> Float32:
    """A flat hand's, upright, in a picture of 200 pixels."""
    hand = load_open_hand()
    flat = (hand.regressor_21 @ hand.template_m)[:, :2]
    flat = flat - flat.min(0)
    return (30 + 140 * flat / flat.max()).astype(np.float32)


def photograph() -> np.ndarray:
    """Skin along the bones, before blue."""
    picture = np.full((200, 200, 3), (60, 80, 160), np.uint8)
    at = np.round(joints()).astype(np.int32)
    for k in range(1, 21):
        cv2.line(picture, at[0 if k % 4 == 1 else k - 1].tolist(), at[k].tolist(), (200, 150, 120), 15)
    cv2.fillConvexPoly(picture, cv2.convexHull(at[[0, 1, 5, 9, 13, 17]]), (200, 150, 120))
    return picture


@pytest.fixture(scope="module")
def hand() -> Cutout:
    cut = cut_out(photograph(), joints(), "right")
    assert cut is not None
    return cut


def test_a_hand_is_cut_along_its_outline(hand: Cutout) -> None:
    skin = photograph()[..., 0] > 150
    assert (hand.alpha[skin] > 0.5).mean() > 0.95
    assert (hand.alpha[~skin] > 0.5).mean() < 0.03


def test_the_truth_lies_where_the_hand_is(hand: Cutout) -> None:
    for clip in CLIPS:
        hands = hands_of(clip, hand, hand)
        frames = list(compose(clip, hands, GROUND, 0, every=25))
        assert {h.identity for f in frames for h in f.hands} == set(range(len(hands)))
        for frame in frames:
            for true in frame.hands:
                x, y = np.round(true.joints_px[9]).astype(int)
                if len(frame.hands) == 1 and 0 <= x < WIDTH and 0 <= y < HEIGHT:
                    assert frame.image[y, x, 0] > 160, "a knuckle is on skin"


def test_a_hand_beyond_the_edge_or_behind_another_is_less_seen(hand: Cutout) -> None:
    live = list(compose("live", [hand], GROUND, 0, every=5))
    seen = [f.hands[0].seen if f.hands else 0.0 for f in live]
    assert max(seen) == pytest.approx(1.0, abs=0.03)
    assert min(s for s in seen if s) < 0.2
    crossing = list(compose("cross", hands_of("cross", hand, hand), GROUND, 0, every=5))
    behind = [f.hands[0].seen for f in crossing]
    assert min(behind) < 0.5
    assert min(f.hands[1].seen for f in crossing) > 0.95


def test_a_mirrored_hand_is_of_the_other_side(hand: Cutout) -> None:
    other = mirrored(hand)
    assert other.handedness == "left"
    np.testing.assert_array_equal(mirrored(other).image, hand.image)
    np.testing.assert_allclose(mirrored(other).joints_px, hand.joints_px, atol=1e-3)


def judged(hand: Cutout, *, swap_at: float = 9.0, lose: tuple[float, float] = (9.0, 9.0)) -> Followed:
    """A follower that knows the truth, but confuses two hands from swap_at on, and loses the second."""
    frames = list(compose("touch", hands_of("touch", hand, hand), GROUND, 0, every=3))
    truth = {round(f.time_s, 3): f.hands for f in frames}

    def follow(image: np.ndarray, time_s: float) -> list[tuple[int, Float32, Handedness]]:
        hands = truth[round(time_s, 3)]
        swapped = time_s >= swap_at
        return [
            (1 - h.identity if swapped else h.identity, h.joints_px, h.handedness)
            for h in hands
            if not (h.identity == 1 and lose[0] <= time_s < lose[1])
        ]

    figures = Followed()
    figures.judge(iter(frames), follow)
    return figures


def test_a_perfect_follower_is_told_so(hand: Cutout) -> None:
    figures = judged(hand)
    assert figures.found == figures.frames > 70
    assert (figures.flips, figures.switches, figures.ghosts, figures.wrong_side) == (0, 0, 0, 0)
    assert figures.waits == [0, 0]


def test_confusions_and_losses_are_counted(hand: Cutout) -> None:
    swapped = judged(hand, swap_at=2.0)
    assert (swapped.switches, swapped.swaps) == (2, 2)
    lost = judged(hand, lose=(1.0, 1.5))
    assert lost.frames - lost.found == 5
    late = judged(hand, lose=(0.0, 0.5))
    assert sorted(late.waits or []) == [0, 5]


def test_a_hand_behind_another_is_not_found_in_that_one() -> None:
    near = joints() + 0.1 * np.ptp(joints(), axis=0).max()
    hands = (TrueHand(0, joints(), "right", 0.6), TrueHand(1, near.astype(np.float32), "left", 1.0))
    both = [(h.identity, h.joints_px, h.handedness) for h in hands]
    seen = [both, both[1:]]
    frames = [ComposedFrame(GROUND, k / 30, hands) for k in range(2)]
    figures = Followed()
    figures.judge(iter(frames), lambda image, time_s: seen[round(30 * time_s)])
    assert (figures.frames, figures.found, figures.switches, figures.wrong_side) == (4, 3, 0, 0)
