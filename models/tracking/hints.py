"""Where no hand is found: what the detector saw instead, so that a window can say what would help."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from models.tracking.palm_views import Palm

_DARK = 28.0  # mean brightness, of 255
# A palm's crop over the frame's longer side, and how sure of it the detector is: by 43 pictures without a
# hand, in 15 of which much of the picture looks a little like a palm, and 37 with one that is too near.
_LARGE, _SURE = 1.5, 0.6
_SURE_CUT = 0.8
_SMALL = 0.09  # of the frame's shorter side
_INSIDE = 0.65  # of a palm's crop lies in the frame, where a hand is not cut


class Hint(Enum):
    """Why no hand was found, as far as the detector can tell."""

    DARK = "the picture is too dark"
    LARGE = "the hand is too near: it is larger than the picture"
    CUT = "the hand is cut by the picture's edge"
    SMALL = "the hand is too far away"


def hint_of(frame_rgb: NDArray[np.uint8], palms: Sequence[Palm]) -> Hint | None:
    """frame_rgb: (H, W, 3) in which no hand was found. palms: what looked like palms, the surest first."""
    if float(frame_rgb[::8, ::8].mean()) < _DARK:
        return Hint.DARK
    if not palms:
        return None
    height, width = frame_rgb.shape[:2]
    palm = max(palms, key=lambda p: p.score)
    half, middle = palm.crop_size_px / 2, palm.crop_centre_px
    if palm.crop_size_px > _LARGE * max(height, width):
        return Hint.LARGE if palm.score > _SURE else None
    seen = np.minimum(middle + half, [width, height]) - np.maximum(middle - half, 0)
    if float(np.clip(seen, 0, None).prod()) < _INSIDE * palm.crop_size_px**2:
        return Hint.CUT if palm.score > _SURE_CUT else None
    return Hint.SMALL if palm.crop_size_px < _SMALL * min(height, width) else None
