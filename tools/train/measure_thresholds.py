"""Print what the detector's thresholds cost: hands found against false alarms, on pictures to learn from.

    python -m tools.train.measure_thresholds --closeups PHOTOS --backgrounds PICTURES

The hands are photographs of PHOTOS as they are, and close views of them (`models.datasets.close_view`); what
is no hand are windows of PICTURES and drawn rooms. Of the pictures that `models.datasets.kept_out` does not
keep out every fifth is taken, from which `tools.train_scores` does not learn either; those that are kept out
can then judge what was chosen.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.close_view import close_view
from models.datasets.kept_out import is_kept_out, not_kept_out
from models.datasets.photographs import boxed_photographs
from models.datasets.samples import Box, read_rgb
from models.evaluation.found import SAME_HAND_IOU, overlap, windows_of
from models.geometry import camera_from_fov
from models.inference.exposure import exposure_gain
from models.inference.landmark_runtime import crop_hand
from models.inference.palm_runtime import PalmNet
from models.tracking.detector import PALM_FLOOR, DetectorConfig, all_views, fits, palm_crop
from models.tracking.hints import log_odds
from models.tracking.palm_views import Halvings, draw_view, hands_in_frame, in_frame, view_matrix
from models.tracking.pipeline import DEFAULT_MODEL
from models.tracking.reconstruction import Reconstruction, make_reconstruction
from models.training.real.pictures import pictures_in
from models.training.scores.candidates import ASIDE_EVERY
from models.training.synthetic.backgrounds import draw_background
from models.types import Camera, Handedness, Sighting
from tools.command import command

_HANDS, _PALMS, _AGAINS, _EVIDENCES = (
    (0.3, 0.5),
    (0.2, 0.4),
    (0.0, 0.5, 0.7, 0.85, 0.95),
    (2.0, 3.0, 4.5, 6.0),
)
_ROOMS = 120
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """What the crops of one proposed hand, or palm, were taken for."""

    proposed: bool  # by the head; otherwise a palm
    palm: float  # scores and presences, 0..1
    first: float
    second: float
    again: tuple[
        float, float
    ]  # the lesser of the two further crops', around the first's joints, the second's
    fits: bool  # whether the first crop's joints fit it
    is_hand: bool  # whether the joints seen lie where the hand is

    def accepted(self, config: DetectorConfig) -> bool:
        """As `HandDetector` decides."""
        least = config.min_hand if self.proposed else config.min_palm
        if self.palm < least or self.first < config.min_first:
            return False
        if self.first >= config.sure and self.fits and self._evidence(self.first) >= config.min_evidence:
            return self.first >= config.sure_hand or self.again[0] >= config.min_again
        if self.second < config.min_presence or self._evidence(self.second) < config.min_evidence:
            return False
        return self.second >= config.sure_hand or self.again[1] >= config.min_again

    def _evidence(self, presence: float) -> float:
        return log_odds(self.palm) + log_odds(presence)


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--closeups", type=Path, required=True, help="photographs with boxes.json")
    parser.add_argument("--backgrounds", type=Path, required=True, help="pictures without hands")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    method, palms = make_reconstruction(options.model), PalmNet()
    hands = [looks_at(p, box, method, palms) for p, box in _hands(options.closeups)]
    empty = [looks_at(p, None, method, palms) for p in _empty(options.backgrounds)]
    print(f"{len(hands)} pictures of a hand, half of them close views; {len(empty)} without")
    print("hand | palm | again | evidence | found % | false alarms of 1,000")
    for hand, palm, again, evidence in product(_HANDS, _PALMS, _AGAINS, _EVIDENCES):
        config = DetectorConfig(min_hand=hand, min_palm=palm, min_again=again, min_evidence=evidence)
        found = np.mean([any(k.is_hand and k.accepted(config) for k in looks) for looks in hands])
        false = np.mean([any(k.accepted(config) for k in looks) for looks in empty])
        print(f"{hand} | {palm} | {again} | {evidence} | {100 * found:.1f} | {1000 * false:.1f}")


def looks_at(picture: Picture, box: Box | None, method: Reconstruction, palm_net: PalmNet) -> list[Look]:
    """All that is proposed in a picture, as the detector looks at it. box: of its hand, if any."""
    height, width = picture.shape[:2]
    camera, frame, gain = camera_from_fov(width, height), Halvings(picture), exposure_gain(picture)
    looks, most = [], DetectorConfig().looks_a_view
    for view in all_views(width, height):
        matrix = view_matrix(width, height, view)
        palms = in_frame(palm_net(draw_view(frame, matrix), PALM_FLOOR, gain), matrix)
        hands = hands_in_frame(palm_net.proposals(PALM_FLOOR), matrix)
        for proposed, palm in [*((True, h) for h in hands[:most]), *((False, p) for p in palms[:most])]:
            first = method.sight(palm_crop(picture, camera, palm, method.input_size), camera)
            if not first.presence > 0:
                continue
            crop = crop_hand(picture, camera, first.joints_2d_px, first.handedness, method.input_size)
            second = method.sight(crop, camera)
            again = (_again(picture, camera, method, first), _again(picture, camera, method, second))
            is_hand = box is not None and overlap(second.joints_2d_px, box) >= SAME_HAND_IOU
            looks.append(
                Look(proposed, palm.score, first.presence, second.presence, again, fits(palm, first), is_hand)
            )
    return looks


def _again(picture: Picture, camera: Camera, method: Reconstruction, hand: Sighting) -> float:
    """The lesser presence of a hand's crops as a right one and as a left one."""
    if not np.isfinite(hand.joints_2d_px).all() or not np.ptp(hand.joints_2d_px) > 1:
        return 0.0
    sides: tuple[Handedness, Handedness] = ("right", "left")
    crops = [crop_hand(picture, camera, hand.joints_2d_px, side, method.input_size) for side in sides]
    return min(method.sight(crop, camera).presence for crop in crops)


def _hands(folder: Path) -> Iterator[tuple[Picture, Box]]:
    known = [s for s in boxed_photographs(folder) if not is_kept_out(Path(str(s.image)))]
    for k, sample in enumerate(known[::ASIDE_EVERY]):
        assert sample.box_px is not None
        picture = read_rgb(Path(str(sample.image)))
        yield picture, sample.box_px
        yield close_view(picture, sample.box_px, np.random.default_rng([k, 77]))


def _empty(folder: Path) -> Iterator[Picture]:
    yield from windows_of(not_kept_out(pictures_in(folder))[::ASIDE_EVERY])
    for k in range(_ROOMS):
        yield draw_background(np.random.default_rng([k, 78]))


if __name__ == "__main__":
    raise SystemExit(main())
