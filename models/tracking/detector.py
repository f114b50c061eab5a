"""Find hands in a whole picture: MediaPipe's palm network and a head on it propose, our own network decides.

Each proposed crop is shown to the hand network, which gives joints. Unless these fit the crop and it is sure,
the crop is cut anew around them, and what the network says of that decides if there is a hand, and which.
Where either is in doubt, two more crops are asked: of it as a right hand, and as a left one in the mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.geometry import camera_from_fov, rays, rotation_from_axis_angle, warp_crop
from models.inference.autotune import Call
from models.inference.bundle import BUNDLE
from models.inference.exposure import exposure_gain
from models.inference.landmark_runtime import crop_hand
from models.inference.openvino_options import Precision
from models.inference.palm_runtime import INPUT_SIZE, PalmNet
from models.inference.runtime import fastest_precision
from models.tracking.hints import Hint, Look, hint_of, log_odds
from models.tracking.palm_views import (
    FIRST_END,
    LAST_END,
    SHRUNK,
    WHOLE,
    Halvings,
    Palm,
    View,
    distinct,
    draw_view,
    hands_in_frame,
    in_frame,
    shows_ends,
    view_matrix,
    windows,
)
from models.types import Camera, Crop, Handedness, Sighting

_THOROUGH_EVERY = 3  # searches
_FITTING, _FITTING_SHIFT, _FITTING_RAD = (0.3, 0.85), 0.2, 0.8
"""In first crops: how much of them joints span that fit; how far from their middle, and from upwards."""
_NARROW = 0.2  # of the first crop, across
PALM_FLOOR = 0.05  # what the palm network is less sure of takes no part in a palm's mean
Sight = Callable[[Crop, Camera], Sighting]
"""A hand network: (crop, the frame's camera) -> the hand in it, however unsure, said of the frame."""


@dataclass(frozen=True)
class DetectorConfig:
    """How much is looked at, and what is believed."""

    min_hand: float = 0.5  # proposed hands less sure than this are not looked at, 0..1
    min_doubtful: float = 0.3  # likewise where none is so sure, by thorough searches: gloved hands, mostly
    min_palm: float = 0.4  # the same of palms
    looks_a_view: int = 2  # at most, at hands and at palms
    min_first: float = 0.05  # the hand network's presence in a palm's crop, below which it is no hand
    min_presence: float = 0.5  # the same in the crop around the joints
    sure: float = 0.9  # presence from which the first crop is enough, if the joints seen fit it
    sure_hand: float = 0.999  # of what is taken for a hand: presence, below which it is looked at again
    sure_side: float = 0.95  # likewise: how sure its side is
    min_again: float = 0.7  # the presence that both of those further crops have to have
    min_evidence: float = 4.5  # log-odds of both together: a doubtful proposal wants a sure hand
    far_evidence: float = 2.5  # so much more in windows: they are many, and show no hand mostly


class HandDetector:
    """Finds up to `max_hands` hands, each picture on its own. Not for use by several threads at once."""

    def __init__(
        self,
        sight: Sight,
        input_size: int,
        max_hands: int = 2,
        config: DetectorConfig | None = None,
        bundle: Path = BUNDLE,
    ) -> None:
        """sight: the hand network, whose crops are input_size pixels wide.

        Raises FileNotFoundError or ChangedAsset if the palm network's bundle is not whole.
        """
        self.config = config or DetectorConfig()
        self._palm_net = PalmNet(bundle, precision=fastest_precision("palms", partial(_searching, bundle)))
        self._sight, self._input_size, self._max_hands = sight, input_size, max_hands
        self.hint: Hint | None = None  # of the last picture, where no hand was found in it
        self._turn = 0
        self._small_until = -1  # the turn: a window that shows a far hand comes once a round

    def detect(self, frame_rgb: NDArray[np.uint8], camera: Camera | None = None) -> list[Sighting]:
        """Hands in a frame (H, W, 3), RGB uint8, not mirrored; the surest first.

        Every view is looked at; where none shows a hand, windows too, for hands that are far away.
        """
        return self._detect(frame_rgb, camera, _rounds(frame_rgb), True)

    def detect_next(self, frame_rgb: NDArray[np.uint8], camera: Camera | None = None) -> list[Sighting]:
        """The same for a source's next frame: the first as one alone, then the whole and another in turn."""
        height, width = frame_rgb.shape[:2]
        turn, self._turn = self._turn, self._turn + 1
        rounds = _rounds(frame_rgb) if turn == 0 else [views_of_turn(width, height, turn)]
        # Two hands are mostly seen in one view: that further views may show another is asked now and then.
        found = self._detect(frame_rgb, camera, rounds, thorough=turn % _THOROUGH_EVERY == 0)
        if found:
            self._small_until = -1
        elif self.hint is Hint.SMALL:
            self._small_until = turn + round_of_turns(width, height)
        elif self.hint in (None, Hint.CUT) and turn <= self._small_until:
            self.hint = Hint.SMALL
        return found

    def restart(self) -> None:
        """Another source begins."""
        self._turn, self._small_until = 0, -1

    def _detect(
        self,
        frame_rgb: NDArray[np.uint8],
        camera: Camera | None,
        rounds: Sequence[Sequence[View]],
        thorough: bool,
    ) -> list[Sighting]:
        """rounds: of views; each is for where those before have shown no hand. thorough: go on to a round's
        further views where one has shown a hand, until there are max_hands, and look at doubtful ones."""
        camera = camera or camera_from_fov(frame_rgb.shape[1], frame_rgb.shape[0])
        found: list[Sighting] = []
        looks: list[Look] = []
        frame, gain = Halvings(frame_rgb), exposure_gain(frame_rgb)
        for views in rounds:
            if found:
                break
            for view in views:
                if len(found) >= self._max_hands or (found and not thorough):
                    break
                for palm in self._proposed(frame, view, camera, gain, thorough):
                    hand = self._looked_at(palm, view.window is not None, looks, found, frame_rgb, camera)
                    if hand is not None:
                        found.append(hand)
        self.hint = None if found else hint_of(frame_rgb, looks)
        return sorted(found, key=lambda d: -d.presence)[: self._max_hands]

    def _looked_at(
        self,
        palm: Palm,
        in_window: bool,
        looks: list[Look],
        found: list[Sighting],
        frame_rgb: NDArray[np.uint8],
        camera: Camera,
    ) -> Sighting | None:
        """The hand at a palm, if it is a further one; the look at it is added to the others."""
        # A palm that was tried is tried again where a later view is surer of it.
        as_sure = [look.palm for look in looks if look.palm.score >= palm.score]
        known = len(distinct([*as_sure, palm])) == len(distinct(as_sure))
        if known or any(_is_of(palm, hand) or fits(palm, hand) for hand in found):
            return None
        least = self.config.min_evidence + (self.config.far_evidence if in_window else 0)
        hand, believed = self._hand(frame_rgb, camera, palm, least)
        looks.append(Look(palm, hand.presence, in_window))
        return hand if believed and not any(same_hand(hand, other) for other in found) else None

    def _proposed(
        self, frame: Halvings, view: View, camera: Camera, gain: float, thorough: bool
    ) -> list[Palm]:
        """The hands that the head proposes, as palms; then the palms that MediaPipe's own answers propose."""
        matrix, most = view_matrix(camera.width, camera.height, view), self.config.looks_a_view
        palms = in_frame(self._palm_net(draw_view(frame, matrix), PALM_FLOOR, gain), matrix)
        proposals = self._palm_net.proposals(self.config.min_hand)
        if thorough and len(proposals.scores) == 0:
            proposals = self._palm_net.proposals(self.config.min_doubtful)
        hands = hands_in_frame(proposals, matrix)
        return hands[:most] + [palm for palm in palms if palm.score >= self.config.min_palm][:most]

    def _hand(
        self, frame_rgb: NDArray[np.uint8], camera: Camera, palm: Palm, least: float
    ) -> tuple[Sighting, bool]:
        """What the network sees at a palm, and whether there is a hand: by evidence from `least`."""
        first = self._sight(palm_crop(frame_rgb, camera, palm, self._input_size), camera)
        if first.presence < self.config.min_first:
            return first, False
        sure = first.presence >= self.config.sure and fits(palm, first)
        if sure and Look(palm, first.presence).log_odds >= least:
            return self._looked_at_again(frame_rgb, camera, first)
        crop = crop_hand(frame_rgb, camera, first.joints_2d_px, first.handedness, self._input_size)
        hand = self._sight(crop, camera)
        enough = hand.presence >= self.config.min_presence
        if not enough or Look(palm, hand.presence).log_odds < least:
            return hand, False
        return self._looked_at_again(frame_rgb, camera, hand)

    def _looked_at_again(
        self, frame_rgb: NDArray[np.uint8], camera: Camera, hand: Sighting
    ) -> tuple[Sighting, bool]:
        """What is taken for a hand, and whether that stays so: a doubtful one is shown both ways round. What
        is no hand is taken for one in a single view more often; and all three views say which hand it is."""
        if hand.presence >= self.config.sure_hand and hand.handedness_score >= self.config.sure_side:
            return hand, True
        sides: tuple[Handedness, Handedness] = ("right", "left")
        crops = [crop_hand(frame_rgb, camera, hand.joints_2d_px, s, self._input_size) for s in sides]
        views = [self._sight(crop, camera) for crop in crops]
        presence = min(hand.presence, *(view.presence for view in views))
        if hand.presence < self.config.sure_hand and not presence >= self.config.min_again:
            return replace(hand, presence=presence), False
        odds = float(np.mean([_right_odds(view) for view in (hand, *views)]))
        score = float(1 / (1 + np.exp(-abs(odds))))
        return replace(hand, handedness="right" if odds >= 0 else "left", handedness_score=score), True


def _rounds(frame_rgb: NDArray[np.uint8]) -> list[list[View]]:
    """Of a frame that stands alone: every view; windows, where none of these shows a hand."""
    height, width = frame_rgb.shape[:2]
    return [all_views(width, height), windows(width, height)]


def all_views(width: int, height: int) -> list[View]:
    """Every view of a frame, the most telling first."""
    return [WHOLE, SHRUNK, *([FIRST_END, LAST_END] if shows_ends(width, height) else [])]


def views_of_turn(width: int, height: int, turn: int) -> list[View]:
    """The views of one frame among many: the whole, and another. turn: counts up; every other is SHRUNK."""
    others = _in_turn(width, height)
    return [WHOLE, others[turn // 2 % len(others)] if turn % 2 else SHRUNK]


def round_of_turns(width: int, height: int) -> int:
    """After so many turns each view has come once more."""
    return 2 * len(_in_turn(width, height))


def _in_turn(width: int, height: int) -> list[View]:
    return [*all_views(width, height)[2:], *windows(width, height)] or [SHRUNK]


def palm_crop(frame_rgb: NDArray[np.uint8], camera: Camera, palm: Palm, size: int) -> Crop:
    """The hand network's view of a palm's hand, not mirrored: its handedness is not known yet."""
    z = rays(palm.crop_centre_px, camera)
    z = z / np.linalg.norm(z)
    x = np.cross([0.0, 1.0, 0.0], z)
    x = x / np.linalg.norm(x)
    upright = np.stack([x, np.cross(z, x), z])
    R = rotation_from_axis_angle([0, 0, -palm.roll_rad]) @ upright
    # Away from the axis a pixel is a smaller angle, by the cosine, across and its square along.
    focal = size / palm.crop_size_px * camera.fx / z[2]
    virtual = Camera(focal, focal, (size - 1) / 2, (size - 1) / 2, size, size)
    return warp_crop(frame_rgb, camera, virtual, R, mirrored=False)


def _searching(bundle: Path, precision: Precision) -> Call:
    """One search of a picture of noise."""
    noise = np.random.default_rng(0).integers(0, 256, (INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    return partial(PalmNet(bundle, precision=precision), noise)


def _right_odds(hand: Sighting) -> float:
    """Log-odds of its being a right one."""
    odds = log_odds(hand.handedness_score)
    return odds if hand.handedness == "right" else -odds


def _is_of(palm: Palm, hand: Sighting) -> bool:
    """Whether a palm is that of a hand which was found already."""
    middle = hand.joints_2d_px[[0, 5, 17]].mean(0)
    size = float(np.ptp(hand.joints_2d_px, axis=0).max())
    like = 0.3 * size < palm.size_px < 1.2 * size
    return like and float(np.linalg.norm(palm.centre_px - middle)) < 0.25 * size


def fits(palm: Palm, hand: Sighting) -> bool:
    """Whether joints lie in a palm's first crop as a hand's do that it was cut around.

    Narrow hands don't: they are seen from the side, or left ones that were misread, as no crop is mirrored.
    """
    joints, size = hand.joints_2d_px, palm.crop_size_px
    away = float(np.linalg.norm((joints.min(0) + joints.max(0)) / 2 - palm.crop_centre_px))
    x, y = joints[9] - joints[0]
    turned = abs((float(np.arctan2(x, -y)) - palm.roll_rad + np.pi) % (2 * np.pi) - np.pi)
    breadth = float(np.ptp(joints @ [np.cos(palm.roll_rad), np.sin(palm.roll_rad)]))
    low, high = _FITTING
    fills = low * size < float(np.ptp(joints, axis=0).max()) < high * size and breadth > _NARROW * size
    return fills and away < _FITTING_SHIFT * size and turned < _FITTING_RAD


def same_hand(a: Sighting, b: Sighting) -> bool:
    """Whether two detections in one picture are of one hand."""
    box = max(float(np.ptp(d.joints_2d_px, axis=0).max()) for d in (a, b))
    return float(np.linalg.norm(a.joints_2d_px - b.joints_2d_px, axis=1).mean()) < 0.35 * max(box, 1e-6)
