"""What the detector takes for palms, however doubtfully: in pictures without hands, and around hands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.datasets.close_view import close_view
from models.datasets.samples import Sample, read_rgb
from models.evaluation.found import overlap
from models.geometry import camera_from_fov, crop_to_frame_px
from models.inference.landmark_runtime import INPUT_SIZE, LandmarkRuntime, crop_hand
from models.inference.palm_runtime import PalmNet
from models.tracking.detector import palm_crop
from models.tracking.palm_views import SHRUNK, TURNED, WHOLE, Halvings, draw_view, in_frame, view_matrix
from models.training.real.photo import PhotoAugmenter
from models.training.real.pictures import cut_square
from models.training.scores.crops import Image, ScoreCrop
from models.training.synthetic.backgrounds import draw_background
from models.types import Float32, Handedness

_MIN_PALM = 0.02
_A_HAND, _NO_HAND = 0.45, 0.03  # overlap of the joints' box with the hand's, above and below which it is sure
ASIDE_EVERY = 5  # photographs, and pictures without hands: not learnt from, thresholds are chosen by them
_LEAST_VIEWS = 300  # at a folder without hands, however few its pictures


class Candidates:
    """The crops that the detector would look at."""

    def __init__(self) -> None:
        self._palm_net, self._landmarks = PalmNet(), LandmarkRuntime()

    def __call__(self, picture: Image, rng: np.random.Generator) -> Iterator[tuple[Image, Float32, bool]]:
        """Crops, the joints (21, 2) seen in them, pixels of the picture, and whether they are mirrored.

        Of each palm come the first crop, and the second, cut around the joints that were seen in the first.
        """
        camera = camera_from_fov(picture.shape[1], picture.shape[0])
        frame = Halvings(picture)
        for view in (WHOLE, SHRUNK, TURNED[int(rng.integers(len(TURNED)))]):
            matrix = view_matrix(camera.width, camera.height, view)
            palms = in_frame(self._palm_net(draw_view(frame, matrix), _MIN_PALM), matrix)
            for palm in palms[:2]:
                crop, mirrored = palm_crop(picture, camera, palm, INPUT_SIZE), False
                for _ in range(2):
                    joints = crop_to_frame_px(self._landmarks(crop.image_rgb).joints_crop_px, crop, camera)
                    if not np.isfinite(joints).all():
                        break
                    yield crop.image_rgb, joints.astype(np.float32), mirrored
                    side: Handedness = "left" if rng.random() < 0.5 else "right"
                    crop, mirrored = crop_hand(picture, camera, joints, side, INPUT_SIZE), side == "left"


def handless_crops(pictures: Sequence[Path], views: int, seed: int) -> Iterator[ScoreCrop]:
    """What looks like palms in pictures without any hand.

    Each picture is looked at `views` times or more, some part of it at some size, turned and mirrored.
    """
    candidates, photo = Candidates(), PhotoAugmenter()
    for k, path in enumerate(pictures):
        rng, picture = np.random.default_rng([seed, k]), read_rgb(path)
        for _ in range(max(views, _LEAST_VIEWS // len(pictures))):
            part = photo(cut_square(picture, int(rng.integers(192, 480)), rng), lambda: picture, rng)  # noqa: B023
            for image, _, _ in candidates(part, rng):
                aside = k % ASIDE_EVERY == 0
                yield ScoreCrop(image, False, None, f"none-{path.parent.name}", aside)


def room_crops(count: int, seed: int) -> Iterator[ScoreCrop]:
    """The same in drawn rooms, half of them with a person's face in them."""
    candidates, photo = Candidates(), PhotoAugmenter()
    for k in range(count):
        rng = np.random.default_rng([seed, k, 3])
        room = draw_background(rng)
        part = photo(cut_square(room, int(rng.integers(192, 480)), rng), lambda: room, rng)  # noqa: B023
        for image, _, _ in candidates(part, rng):
            yield ScoreCrop(image, False, None, "none-rooms", k % ASIDE_EVERY == 0)


def close_crops(photographs: Sequence[Sample], views: int, seed: int, source: str) -> Iterator[ScoreCrop]:
    """What looks like palms in close views of photographs of one hand each: that hand, and what is beside it.

    What is neither surely is left out.
    """
    candidates = Candidates()
    for k, sample in enumerate(photographs):
        assert isinstance(sample.image, Path)
        assert sample.box_px is not None
        picture, rng = read_rgb(sample.image), np.random.default_rng([seed, k, 5])
        for _ in range(views):
            view, box = close_view(picture, sample.box_px, rng)
            for image, joints, mirrored in candidates(view, rng):
                covered = overlap(joints, box)
                if _NO_HAND <= covered < _A_HAND:
                    continue
                present = covered >= _A_HAND
                right = (sample.handedness == "right") != mirrored
                known = right if present and sample.joints_2d_px is not None else None
                kind = source if present else f"beside-{source}"
                yield ScoreCrop(image, present, known, kind, k % ASIDE_EVERY == 0)
