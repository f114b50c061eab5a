"""What our own detector finds: on the demo clip, near, far, turned; and that it needs no MediaPipe graph."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest

from models.tracking.detector import DetectorConfig, HandDetector, all_views, views_of_turn
from models.tracking.palm_views import windows
from models.tracking.pipeline import DEFAULT_MODEL, Pipeline, PipelineConfig
from models.tracking.reconstruction import make_reconstruction
from models.types import Camera, Crop, Handedness, Sighting
from tests.paths import CLIPS, ROOT

METHOD = make_reconstruction(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    """A frame of the demo with one right hand."""
    with av.open(str(CLIPS / "demo.mp4")) as container:
        return next(f for k, f in enumerate(container.decode(video=0)) if k == 40).to_ndarray(format="rgb24")


def detector(max_hands: int = 2) -> HandDetector:
    return HandDetector(METHOD.sight, METHOD.input_size, max_hands)


def test_a_hand_in_plain_view(frame: np.ndarray) -> None:
    (hand,) = detector().detect(frame)
    assert hand.handedness == "right"
    assert hand.presence > 0.5
    (mirrored,) = detector().detect(np.ascontiguousarray(frame[:, ::-1]))
    assert mirrored.handedness == "left"
    across = [frame.shape[1] - 1, 0] + mirrored.joints_2d_px * [-1, 1]
    assert np.linalg.norm(across - hand.joints_2d_px, axis=1).mean() < 6


def filled(frame: np.ndarray, factor: float) -> np.ndarray:
    """A part of the frame in which the hand's box fills `factor` of the shorter side."""
    joints = detector().detect(frame)[0].joints_2d_px
    low, high = joints.min(0), joints.max(0)
    x, y = np.round((low + high) / 2).astype(int)
    half = round(float((high - low).max()) / factor / 2)
    wide = np.pad(frame, ((half, half), (half, half), (0, 0)), mode="edge")
    return np.ascontiguousarray(wide[y : y + 2 * half, x : x + 2 * half])


@pytest.mark.parametrize("factor", [0.8, 1.1, *(pytest.param(f, marks=pytest.mark.slow) for f in (0.6, 1.0))])
def test_a_hand_that_fills_the_picture(frame: np.ndarray, factor: float) -> None:
    assert len(detector(1).detect(filled(frame, factor))) == 1
    first_frame = detector(1)
    first_frame.detect_next(np.zeros_like(frame))
    found = [bool(first_frame.detect_next(filled(frame, factor))) for _ in range(4)]
    assert sum(found) >= 3, "of any source's later frames too"


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_hand_that_lies_or_hangs(frame: np.ndarray, quarters: int) -> None:
    assert len(detector(1).detect(np.ascontiguousarray(np.rot90(frame, quarters)))) == 1


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_a_far_hand_at_either_end_is_found_within_a_few_frames(frame: np.ndarray, place: float) -> None:
    small = cv2.resize(frame, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    wide = np.full((480, 860, 3), small[0, 0], np.uint8)
    x, y = round(place * (860 - small.shape[1])), 140
    wide[y : y + small.shape[0], x : x + small.shape[1]] = small
    found = detector(1)
    found.detect_next(np.zeros_like(wide))
    assert any(found.detect_next(wide) for _ in range(4))


def test_a_far_hand_in_a_photograph(frame: np.ndarray) -> None:
    """Of a picture that stands alone, as `predict` is given it, windows are looked at, too."""
    small = cv2.resize(frame, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA)
    wide = np.full((720, 1280, 3), small[0, 0], np.uint8)
    wide[500 : 500 + small.shape[0], 900 : 900 + small.shape[1]] = small
    with closing(Pipeline(PipelineConfig(smoothing=None))) as pipeline:
        (hand,) = pipeline.process(wide, 0.0).hands
    middle = hand.joints_2d_px.mean(0) - [900, 500]
    assert (middle > 0).all()
    assert (middle < [small.shape[1], small.shape[0]]).all()


def test_nothing_in_noise_grey_or_a_pixel() -> None:
    rng = np.random.default_rng(0)
    for picture in (
        rng.integers(0, 255, (240, 320, 3), dtype=np.uint8),
        np.full((480, 640, 3), 127, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((2, 900, 3), np.uint8),
    ):
        assert detector().detect(picture) == []


def test_a_network_that_answers_nonsense_finds_nothing(frame: np.ndarray) -> None:
    def nothing(crop: Crop, camera: Camera) -> Sighting:
        return Sighting(np.zeros((21, 2), np.float32), "right", float("nan"), 0.5)

    assert HandDetector(nothing, METHOD.input_size).detect(frame) == []


def test_all_views_come_in_turn() -> None:
    for width, height in ((640, 480), (480, 480), (1920, 1080)):
        every = [*all_views(width, height), *windows(width, height)]
        turns = [views_of_turn(width, height, turn) for turn in range(48)]
        assert {v for views in turns for v in views} == set(every)
        assert all(len(views) == 2 and views[0] == every[0] for views in turns)


def test_the_pipeline_needs_no_mediapipe() -> None:
    """It is only the baseline of measurements: it takes a second to import, and logs."""
    program = (
        "import numpy as np, sys\n"
        "from models.tracking.pipeline import Pipeline\n"
        "p = Pipeline()\n"
        "print(p.process(np.zeros((48, 64, 3), np.uint8), 0.0).hands)\n"
        "p.close()\n"
        "assert not [m for m in sys.modules if m.startswith(('mediapipe', 'models.inference.mediapipe'))]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("()\n", "")


def test_a_doubtful_palm_wants_a_sure_hand(frame: np.ndarray) -> None:
    """Evidence is added up: the palm's and the hand's."""
    (hand,) = detector(1).detect(frame)
    believing = HandDetector(METHOD.sight, METHOD.input_size, 1, DetectorConfig(min_evidence=-30.0))
    doubting = HandDetector(METHOD.sight, METHOD.input_size, 1, DetectorConfig(min_evidence=60.0))
    assert len(believing.detect(frame)) == 1
    assert doubting.detect(frame) == []
    assert hand.presence > 0.5


def test_a_hand_is_inferred_once_though_several_views_show_it(frame: np.ndarray) -> None:
    calls = 0

    def counted(crop: Crop, camera: Camera) -> Sighting:
        nonlocal calls
        calls += 1
        return METHOD.sight(crop, camera)

    assert len(HandDetector(counted, METHOD.input_size, 2).detect(frame)) == 1
    assert calls <= 6, "two for the hand; a palm elsewhere costs one, seldom two"


def test_doubtful_proposals_are_looked_at_where_there_is_none_other(frame: np.ndarray) -> None:
    """As of gloved hands; in a video by every third search only."""
    nothing_sure = DetectorConfig(min_hand=1 - 1e-6, min_palm=1.1)
    doubting = HandDetector(METHOD.sight, METHOD.input_size, 1, nothing_sure)
    assert len(doubting.detect(frame)) == 1
    doubting.detect_next(np.zeros_like(frame))
    assert [len(doubting.detect_next(frame)) for _ in range(3)] == [0, 0, 1]
    never = replace(nothing_sure, min_doubtful=1 - 1e-6)
    assert HandDetector(METHOD.sight, METHOD.input_size, 1, never).detect(frame) == []


def answering(frame: np.ndarray, *answers: tuple[float, float]) -> list[Sighting]:
    """What is found where the network sees the hand that is there, but says these presences, and chances that
    the hand shown is a right one: of each crop in its order, the last of all further ones."""
    calls = 0

    def says(crop: Crop, camera: Camera) -> Sighting:
        nonlocal calls
        seen, (presence, right) = METHOD.sight(crop, camera), answers[min(calls, len(answers) - 1)]
        calls += 1
        side: Handedness = "right" if right >= 0.5 else "left"
        return Sighting(seen.joints_2d_px, side, presence, max(right, 1 - right))

    return HandDetector(says, METHOD.input_size, 1).detect(frame)


def test_what_is_a_hand_in_a_single_view_only_is_none(frame: np.ndarray) -> None:
    sure, doubtful, none = (0.9999, 1.0), (0.99, 1.0), (0.3, 1.0)
    assert answering(frame, doubtful)
    assert not answering(frame, doubtful, none)
    assert answering(frame, sure, none), "a sure one isn't looked at again"


def test_three_views_say_which_hand_a_doubtful_one_is(frame: np.ndarray) -> None:
    left, right = (0.9999, 0.3), (0.9999, 0.9)
    assert [h.handedness for h in answering(frame, left)] == ["left"]
    assert [h.handedness for h in answering(frame, left, right)] == ["right"]
    (kept,) = answering(frame, (0.9999, 0.02), right)
    assert kept.handedness == "left", "a sure side isn't asked again"
