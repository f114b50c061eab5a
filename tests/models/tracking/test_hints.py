"""What is said where no hand is found."""

from __future__ import annotations

import numpy as np
import pytest

from models.tracking.detector import HandDetector
from models.tracking.hints import Hint, hint_of
from models.tracking.palm_views import Palm
from models.types import Camera, Crop, Detection

GREY = np.full((480, 640, 3), 120, np.uint8)


def palm(x: float, y: float, size: float, score: float = 0.9) -> Palm:
    return Palm(np.array([x, y]), size, 0.0, score)


@pytest.mark.parametrize(
    ("palms", "hint"),
    [
        ([], None),
        ([palm(320, 300, 60)], None),
        ([palm(320, 300, 400)], Hint.LARGE),
        ([palm(630, 300, 90)], Hint.CUT),
        ([palm(320, 300, 12)], Hint.SMALL),
        ([palm(320, 300, 12, 0.2), palm(630, 300, 90)], Hint.CUT),
        ([palm(320, 300, 400, 0.55)], None),  # a wall looks so
        ([palm(630, 300, 90, 0.7)], None),
    ],
)
def test_hints(palms: list[Palm], hint: Hint | None) -> None:
    assert hint_of(GREY, palms) is hint


def test_a_dark_picture() -> None:
    assert hint_of(GREY // 10, [palm(320, 300, 60)]) is Hint.DARK


def test_the_detector_gives_one_where_it_finds_nothing() -> None:
    def nothing(crop: Crop, camera: Camera) -> Detection:
        return Detection(np.zeros((21, 2), np.float32), np.zeros((21, 3), np.float32), "right", 0.0, 0.5)

    detector = HandDetector(nothing, 224)
    assert detector.detect(GREY // 10) == []
    assert detector.hint is Hint.DARK
    assert detector.detect(GREY) == []
    assert detector.hint is None
