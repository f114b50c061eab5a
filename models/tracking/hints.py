"""Where no hand is found: what the detector saw instead, so that a window can say what would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from models.tracking.palm_views import Palm

_DARK = 28.0  # mean brightness, of 255
# A palm's crop over the frame's longer side, and how sure of it the detector is: by 43 pictures without a
# hand, in 15 of which much of the picture looks a little like a palm, and 37 with one that is too near.
_LARGE, _SURE = 1.5, 0.6
# Where a hand is not cut, so much of a palm's crop lies in the frame. How sure it is of one that is, and the
# presence that some palm has: by 58 pictures without a hand, none of which seems cut, and 38 that cut one.
_INSIDE = 0.65
_SURE_CUT, _LIKELY_CUT = 0.8, 0.2
# A palm's crop over the frame's shorter side, and what is believed of it: none of 58 pictures without a hand
# has such a look, nor has one of 27 with a hand that is too near.
_SMALL, _LIKELY, _LIKELY_ODDS = 0.35, 0.5, 1.0


class Hint(Enum):
    """Why no hand was found, as far as the detector can tell."""

    DARK = "the picture is too dark"
    LARGE = "the hand is too near: it is larger than the picture"
    CUT = "the hand is cut by the picture's edge"
    SMALL = "the hand is too far away"


@dataclass(frozen=True)
class Look:
    """A palm whose crop was shown to the hand network."""

    palm: Palm
    presence: float  # the network's, 0..1
    in_window: bool = False  # proposed by a window of the frame, where most of what is proposed is no hand

    @property
    def log_odds(self) -> float:
        """Of the palm's score and of the presence, added up."""
        return log_odds(self.palm.score) + log_odds(self.presence)


def log_odds(chance: float) -> float:
    """Of a chance 0..1; never infinite."""
    return float(np.log(max(chance, 1e-9) / max(1 - chance, 1e-9)))


def hint_of(frame_rgb: NDArray[np.uint8], looks: Sequence[Look]) -> Hint | None:
    """frame_rgb: (H, W, 3) in which no hand was found. looks: at what seemed to be palms."""
    if float(frame_rgb[::8, ::8].mean()) < _DARK:
        return Hint.DARK
    height, width = frame_rgb.shape[:2]
    if any(_is_small_hand(look, min(height, width)) for look in looks):
        return Hint.SMALL
    near = [look for look in looks if not look.in_window]
    if not near:
        return None
    palm = max((look.palm for look in near), key=lambda p: p.score)
    half, middle = palm.crop_size_px / 2, palm.crop_centre_px
    if palm.crop_size_px > _LARGE * max(height, width):
        return Hint.LARGE if palm.score > _SURE else None
    seen = np.minimum(middle + half, [width, height]) - np.maximum(middle - half, 0)
    cut = float(np.clip(seen, 0, None).prod()) < _INSIDE * palm.crop_size_px**2
    likely = palm.score > _SURE_CUT and max(look.presence for look in near) >= _LIKELY_CUT
    return Hint.CUT if cut and likely else None


def _is_small_hand(look: Look, shorter_px: int) -> bool:
    """Whether this is almost believed to be a hand, and is small."""
    small = look.palm.crop_size_px < _SMALL * shorter_px
    return small and look.presence >= _LIKELY and look.log_odds >= _LIKELY_ODDS
