"""Dark pictures, brightened for the networks: these have learnt little from them.

Of 58 hands in a tenth of their light, with noise, that no training saw, 76 % were found as the pictures are,
85 % of these with the right side; brightened, 97 % and 100 % (`python -m tools.train.measure_kinds --every 16
--kinds "very dark, noise"`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_DARK, _EXPOSED, _MOST_GAIN = 64.0, 160.0, 8.0
"""If a twentieth of a picture is not brighter than the first, it is brightened until that is the second."""
_LIT = 96.0
"""The same of crops, where both are this: without a step, as a hand that is followed must not flicker."""
_BLACK, _LEAST_SHOWN = 1, 0.02  # what is no brighter lies outside the frame; fraction of a picture inside it
_SAMPLES, _CROP_SAMPLES = 64, 32  # along a picture's longer side


def exposure_gain(picture_rgb: NDArray[np.uint8]) -> float:
    """By how much a picture (H, W, 3) too dark for the palm network is to be brightened; 1 for most."""
    bright = _bright(picture_rgb, _SAMPLES)
    return 1.0 if bright is None or bright >= _DARK else min(_EXPOSED / bright, _MOST_GAIN)


def exposed(crop_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A hand's crop (S, S, 3) as hand networks are shown it: a dark one brightened, any other as it is."""
    bright = _bright(crop_rgb, _CROP_SAMPLES)
    if bright is None or bright >= _LIT:
        return crop_rgb
    return np.asarray(cv2.convertScaleAbs(crop_rgb, alpha=min(_LIT / bright, _MOST_GAIN)), np.uint8)


def _bright(picture_rgb: NDArray[np.uint8], samples: int) -> float | None:
    """The green, 0..255, that a twentieth of a picture exceeds; None where nearly all of it is black."""
    step = max(max(picture_rgb.shape[:2]) // samples, 1)
    green = picture_rgb[::step, ::step, 1]
    shown = green[green > _BLACK]
    if len(shown) < _LEAST_SHOWN * green.size:
        return None
    return float(np.partition(shown, k := int(0.95 * (len(shown) - 1)))[k])
