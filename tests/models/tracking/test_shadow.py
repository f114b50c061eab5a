"""A shadow is no hand, beside one or alone; a second hand in the shade is one."""

from contextlib import closing

import av
import cv2
import numpy as np
import pytest

from models.datasets.cutout import Cutout, cut_out
from models.datasets.real_crops import read_real_crops
from models.evaluation.composed import HEIGHT, WIDTH, compose
from models.tracking.pipeline import Pipeline, PipelineConfig
from models.tracking.shadow import is_shadow
from tests.models.tracking.world import CAMERA, SHAPE, Hand, World, tracker
from tests.paths import CLIPS, REAL

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
    assert is_shadow(picture(second), other, []) is shadow, "without a hand to compare with: it is flat"


def test_a_hand_alone_that_light_models_is_no_shadow() -> None:
    """In the mean as dark as a shadow and of the table's colour, but brighter to one side."""
    frame, hand = picture(0.55 * TABLE).astype(np.float32), SHAPE + np.float32(SECOND)
    mask = np.zeros((480, 640), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(hand.astype(np.int32)), 1)
    across = np.interp(np.arange(640), [hand[:, 0].min(), hand[:, 0].max()], [0.7, 1.3])
    frame[mask > 0] *= np.broadcast_to(across[None, :, None], frame.shape)[mask > 0]
    assert not is_shadow(frame.clip(0, 255).astype(np.uint8), hand, [])


def test_a_grey_picture_tells_nothing() -> None:
    grey = picture(0.55 * TABLE).mean(2, keepdims=True).astype(np.uint8).repeat(3, 2)
    assert not is_shadow(grey, SHAPE + np.float32(SECOND), [SHAPE + np.float32(FIRST)])
    assert not is_shadow(grey, SHAPE + np.float32(SECOND), [])


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


@pytest.fixture(scope="module")
def cutout() -> Cutout:
    """The demo clip's hand, cut out."""
    with av.open(str(CLIPS / "demo.mp4")) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    with closing(Pipeline(PipelineConfig(smoothing=None))) as pipeline:
        hand = pipeline.process(frame, 0.0).hands[0]
    cut = cut_out(frame, hand.joints_2d_px, hand.handedness)
    assert cut is not None
    return cut


@pytest.mark.parametrize(("clip", "hands"), [("shadow", 1), ("shadow alone", 0)])
def test_the_whole_pipeline_follows_no_shadow(cutout: Cutout, clip: str, hands: int) -> None:
    """Composed with a hand cut out of the demo clip: networks take its shadow for a hand, surely."""
    ground = picture(TABLE)[:HEIGHT, :WIDTH]
    ground[:] = np.median(ground, axis=(0, 1)) + np.random.default_rng(1).normal(0, 4, (HEIGHT, WIDTH, 1))
    with closing(Pipeline(PipelineConfig(smoothing=None))) as pipeline:
        for frame in compose(clip, [cutout], ground, 0, every=9):
            found = pipeline.process(frame.image, frame.time_s).hands
            assert len(found) == hands
            assert all(hand.joints_2d_px[:, 0].mean() < WIDTH / 2 for hand in found)


def test_hands_in_real_pictures_are_no_shadows() -> None:
    """Flat ones and dark ones, before grounds of their own colour, are among them."""
    if not (REAL / "train" / "labels.npz").is_file():
        pytest.skip("needs ../shared/real/train")
    crops = read_real_crops(REAL / "train")
    taken = 0
    for k in range(0, len(crops.image), 5):
        image_bgr = cv2.imread(str(REAL / "train" / str(crops.image[k])))
        taken += is_shadow(image_bgr[..., ::-1], crops.joints_2d_px[k], [])
    assert taken <= 1  # of a thousand
