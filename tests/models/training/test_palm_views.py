"""Views composed to teach the head: the square lies where the hand was laid."""

from __future__ import annotations

import numpy as np
import pytest

from models.geometry import camera_from_fov, crop_to_frame_px
from models.inference.landmark_runtime import crop_hand
from models.inference.palm_runtime import INPUT_SIZE
from models.training.palms.composition import Sources, composed_views
from models.training.palms.squares import square_of
from models.training.palms.views import KnownHand

JOINTS = np.random.default_rng(3).uniform(60, 160, (21, 2)).astype(np.float32)
GROUND = np.full((300, 300, 3), (0, 0, 200), np.uint8)


def hand() -> KnownHand:
    """A red disc around a palm, on green."""
    image = np.full((224, 224, 3), (0, 200, 0), np.uint8)
    y, x = np.mgrid[:224, :224]
    middle = square_of(JOINTS).palm
    disc = np.hypot(x - middle[0], y - middle[1]) < 30
    image[disc] = (200, 0, 0)
    return KnownHand(image, JOINTS, 255 * disc.astype(np.uint8))


def test_the_square_is_the_crop_that_the_app_cuts() -> None:
    camera = camera_from_fov(224, 224, 20)  # hardly any perspective
    square, crop = square_of(JOINTS), crop_hand(GROUND, camera, JOINTS, "right")
    last = crop.camera.width - 1
    corners = crop_to_frame_px(np.array([[0, 0], [last, 0], [last, last], [0, last]]), crop, camera)
    assert np.abs(corners.mean(0) - square.centre).max() < 0.03 * square.side
    assert abs(np.linalg.norm(corners[0] - corners[1]) / square.side - 1) < 0.05
    up = corners[0] - corners[3]
    assert up @ square.up / np.linalg.norm(up) > 0.995


@pytest.mark.parametrize("kind", ["drawn", "boxed"])
def test_palms_lie_where_hands_were_laid_and_nothing_lies_outside_the_frame(kind: str) -> None:
    sources = Sources(**{"drawn": [], "real": [], "boxed": [], "grounds": [GROUND], kind: [hand()]})  # type: ignore[arg-type]
    shown, right = 0, 0
    for view in composed_views(sources, 60, 5):
        assert view.image.shape == (INPUT_SIZE, INPUT_SIZE, 3)
        if len(view.hands) != 1:
            continue
        x, y = np.round(view.hands[0].palm).astype(int)
        if not (0 <= x < INPUT_SIZE and 0 <= y < INPUT_SIZE) or view.image[y, x].max() < 60:
            continue  # cut by the frame's edge, or too dark to tell
        shown += 1
        red, green, blue = view.image[y, x].astype(int)
        right += red > green and red > blue
    assert shown > 20
    assert right > 0.75 * shown, "the others are grey, of other colours, or covered"
    assert len(list(composed_views(sources, 3, 5))) == 3


def test_one_seed_gives_the_same_views() -> None:
    sources = Sources([hand()], [hand()], [], [GROUND])
    first, again = (list(composed_views(sources, 4, 9)) for _ in range(2))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, again, strict=True))
