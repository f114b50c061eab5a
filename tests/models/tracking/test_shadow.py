"""A shadow beside a hand is no second hand; a second hand in the shade is one."""

import cv2
import numpy as np
import pytest

from models.tracking.shadow import is_shadow
from tests.models.tracking.world import CAMERA, SHAPE, Hand, World, tracker

TABLE, SKIN = np.array([150, 132, 110]), np.array([205, 150, 125])
FIRST, SECOND = (180, 200), (450, 200)


def picture(second_rgb: np.ndarray) -> np.ndarray:
    """A table with a hand on it, and beside it something of a hand's shape and the given colour."""
    noise = np.random.default_rng(0).normal(0, 4, (480, 640, 3))
    frame = np.broadcast_to(TABLE, (480, 640, 3)) + noise
    for at, colour in ((FIRST, SKIN), (SECOND, second_rgb)):
        mask = np.zeros((480, 640), np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull((SHAPE + at).astype(np.int32)), 1)
        frame[mask > 0] = colour + noise[mask > 0]
    return frame.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("second", "shadow"),
    [
        (0.55 * TABLE, True),
        (0.75 * TABLE, True),
        (SKIN, False),
        (0.5 * SKIN, False),  # a hand in the shade of another
        (np.array([70, 45, 35]), False),  # dark skin
        (np.array([60, 60, 62]), False),  # a grey glove
        (1.2 * TABLE, False),  # brighter than the table
    ],
)
def test_a_shadow_has_the_colour_of_what_it_falls_on(second: np.ndarray, shadow: bool) -> None:
    hand, other = (SHAPE + np.float32(at) for at in (FIRST, SECOND))
    assert is_shadow(picture(second), other, [hand]) is shadow
    assert not is_shadow(picture(second), other, []), "without a hand to compare with, nothing is"


def test_a_grey_picture_tells_nothing() -> None:
    grey = picture(0.55 * TABLE).mean(2, keepdims=True).astype(np.uint8).repeat(3, 2)
    assert not is_shadow(grey, SHAPE + np.float32(SECOND), [SHAPE + np.float32(FIRST)])


def test_a_hand_at_the_edge_with_nothing_around_it_is_not_judged() -> None:
    assert not is_shadow(picture(0.55 * TABLE), SHAPE + np.float32((-200, 0)), [SHAPE + np.float32(FIRST)])


@pytest.mark.parametrize(("second", "followed"), [(0.55 * TABLE, 1), (0.55 * SKIN, 2)])
def test_a_shadow_is_not_followed_as_a_second_hand(second: np.ndarray, followed: int) -> None:
    world = World([Hand(*FIRST), Hand(*SECOND, "left")])
    frame, t = picture(second), tracker(world)
    for i in range(40):
        tracks = t.update(frame, CAMERA, i / 30)
    assert len(tracks) == followed
    assert tracks[0].joints_px[:, 0].mean() < 320, "the hand itself is kept"
