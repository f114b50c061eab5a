"""What is said where no hand is found."""

from __future__ import annotations

from collections.abc import Iterator

import av
import cv2
import numpy as np
import pytest

from models.tracking.detector import HandDetector
from models.tracking.hints import Hint, Look, hint_of
from models.tracking.palm_views import Palm
from models.tracking.pipeline import DEFAULT_MODEL
from models.tracking.reconstruction import make_reconstruction
from models.types import Camera, Crop, Sighting
from tests.paths import CLIPS

GREY = np.full((480, 640, 3), 120, np.uint8)


def look(
    x: float, y: float, size: float, score: float = 0.9, presence: float = 0.1, window: bool = False
) -> Look:
    return Look(Palm(np.array([x, y]), size, 0.0, score), presence, window)


@pytest.mark.parametrize(
    ("looks", "hint"),
    [
        ([], None),
        ([look(320, 300, 60)], None),
        ([look(320, 300, 400)], Hint.LARGE),
        ([look(630, 300, 90, presence=0.3)], Hint.CUT),
        ([look(320, 300, 30, 0.8, 0.7)], Hint.SMALL),
        ([look(320, 300, 30, 0.8, 0.7, window=True)], Hint.SMALL),
        ([look(630, 300, 90, presence=0.3), look(320, 300, 30, 0.8, 0.7, window=True)], Hint.SMALL),
        ([look(320, 300, 12, 0.2), look(630, 300, 90, presence=0.3)], Hint.CUT),
        ([look(320, 300, 400, 0.55)], None),  # a wall looks so
        ([look(630, 300, 90, 0.7, 0.3)], None),
        ([look(630, 300, 90)], None),  # the network sees no hand in what is cut
        ([look(320, 300, 30, 0.8, 0.3)], None),  # small things that look a little like hands are many
        ([look(320, 300, 30, 0.5, 0.6)], None),
        ([look(320, 300, 150, 0.8, 0.7)], None),  # it isn't small
        ([look(630, 300, 90, window=True), look(320, 300, 400, window=True)], None),
    ],
)
def test_hints(looks: list[Look], hint: Hint | None) -> None:
    assert hint_of(GREY, looks) is hint


def test_a_dark_picture() -> None:
    assert hint_of(GREY // 10, [look(320, 300, 60)]) is Hint.DARK


def test_the_detector_gives_one_where_it_finds_nothing() -> None:
    def nothing(crop: Crop, camera: Camera) -> Sighting:
        return Sighting(np.zeros((21, 2), np.float32), "right", 0.0, 0.5)

    detector = HandDetector(nothing, 224)
    assert detector.detect(GREY // 10) == []
    assert detector.hint is Hint.DARK
    assert detector.detect(GREY) == []
    assert detector.hint is None


def in_a_wide_picture(shrunk: float, x: int, y: int) -> np.ndarray:
    """(720, 1280, 3) one right hand of the demo at a place, 0.45 of the height times `shrunk`."""
    with av.open(str(CLIPS / "demo.mp4")) as container:
        frame = next(f for k, f in enumerate(container.decode(video=0)) if k == 40).to_ndarray(format="rgb24")
    small = cv2.resize(frame, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
    wide = np.full((720, 1280, 3), small[0, 0], np.uint8)
    wide[y : y + small.shape[0], x : x + small.shape[1]] = small
    return wide


def far_hands() -> Iterator[np.ndarray]:
    for shrunk in (0.1, 0.12):
        for x, y in ((300, 200), (800, 400), (100, 500), (640, 100)):
            yield in_a_wide_picture(shrunk, x, y)


def test_a_far_hand_is_to_come_closer() -> None:
    """4 to 5 % of the height are too few for the network to be sure."""
    method = make_reconstruction(DEFAULT_MODEL)
    detector = HandDetector(method.sight, method.input_size)
    said = []
    for picture in far_hands():
        found = detector.detect(picture)
        said.append("found" if found else detector.hint)
    assert {Hint.CUT, Hint.LARGE, Hint.DARK}.isdisjoint(said)
    assert said.count(Hint.SMALL) >= 2
    assert said.count(None) <= 4


def test_of_a_source_it_is_said_until_each_window_has_come_again() -> None:
    method = make_reconstruction(DEFAULT_MODEL)
    detector = HandDetector(method.sight, method.input_size)
    # Which of them is just too far differs by processor: some multiply in bfloat16.
    far = next(p for p in far_hands() if not detector.detect(p) and detector.hint is Hint.SMALL)
    empty = np.full_like(far, 120)
    detector.restart()
    assert (len(detector.detect_next(empty)), detector.hint) == (0, None)
    said = [(len(detector.detect_next(far)), detector.hint) for _ in range(60)]
    assert said[0] == (0, None), "no window was looked at yet"
    first = said.index((0, Hint.SMALL))
    assert set(said[first:]) == {(0, Hint.SMALL)}
    said = [(len(detector.detect_next(empty)), detector.hint) for _ in range(60)]
    assert said[-1] == (0, None), "it is gone"
