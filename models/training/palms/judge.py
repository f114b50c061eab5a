"""How often the surest proposal in the whole picture fits its hand, beside MediaPipe's surest palm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from models.datasets.samples import Box
from models.inference.exposure import exposure_gain
from models.inference.palm_runtime import PalmNet
from models.tracking.palm_views import (
    WHOLE,
    Halvings,
    Palm,
    draw_view,
    hands_in_frame,
    in_frame,
    view_matrix,
)
from models.training.palms.views import Image
from models.types import Float32

_LEAST = 0.3  # score
_AWAY, _SPANS = 0.35, (1.05, 2.4)  # of the box's longer side: the crop's middle from the box's, and its side


def fitting(pictures: Iterable[tuple[Image, Box]], head: Mapping[str, Float32]) -> tuple[float, float, int]:
    """Fractions of pictures, with hands' boxes, where the proposal fits and where the palm; how many."""
    net, fits = PalmNet(head=head), []
    for picture, box in pictures:
        matrix = view_matrix(picture.shape[1], picture.shape[0], WHOLE)
        shown = draw_view(Halvings(picture), matrix)
        palms = in_frame(net(shown, _LEAST, exposure_gain(picture)), matrix)
        hands = hands_in_frame(net.proposals(_LEAST), matrix)
        fits.append([_fits(hands[:1], box), _fits(palms[:1], box)])
    ours, theirs = np.mean(fits, axis=0)
    return float(ours), float(theirs), len(fits)


def _fits(palms: list[Palm], box: Box) -> bool:
    middle, longer = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2]), max(box[2:])
    return any(
        float(np.linalg.norm(p.crop_centre_px - middle)) < _AWAY * longer
        and _SPANS[0] < p.crop_size_px / longer < _SPANS[1]
        for p in palms
    )
