"""Pictures of single hands whose joints are known: drawn ones, real crops, and photographs with boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.datasets.kept_out import is_kept_out
from models.datasets.photographs import boxed_photographs
from models.datasets.real_crops import read_real_crops
from models.datasets.samples import Box, read_rgb
from models.evaluation.found import overlap
from models.geometry import camera_from_fov
from models.hand.hand_data import HandData
from models.inference.landmark_runtime import INPUT_SIZE, crop_hand
from models.tracking.detector import Sight, palm_crop
from models.tracking.palm_views import Palm
from models.training.palms.views import Image, KnownHand
from models.training.synthetic.sampler import SyntheticHands
from models.types import Float32

_BATCH = 32
_VIEWS = (1 / 3, 1 / 3)  # facing the camera, from the hemisphere; as many from anywhere
_ROLLS, _SPANS = 8, (1.1, 1.4, 1.8)  # first crops around a photograph's box, in boxes
_SURE, _FITS = 0.9, 0.45  # presence, and overlap of the joints' box with the known one, of joints believed
ASIDE_EVERY = 5  # photographs from which nothing is learnt: thresholds are chosen by them


def drawn_hands(hand: HandData, backgrounds: Sequence[Path], count: int, seed: int) -> Iterator[KnownHand]:
    """`count` drawn hands before these pictures. Raises ValueError, or NoGraphics without OpenGL."""
    synth = SyntheticHands(hand, side_px=INPUT_SIZE, backgrounds=backgrounds, seed=seed, views=_VIEWS)
    made, number = 0, 0
    try:
        while made < count:
            crops = synth.crops(number, _BATCH)
            number += 1
            images = (crops.images.permute(0, 2, 3, 1).numpy() * 255).round().clip(0, 255).astype(np.uint8)
            joints = crops.projected(crops.joints_m) * INPUT_SIZE - 0.5
            joints[crops.mirrored, :, 0] = INPUT_SIZE - 1 - joints[crops.mirrored, :, 0]
            masks = (255 * crops.mask).astype(np.uint8)
            for k in np.flatnonzero(crops.present)[: count - made]:
                made += 1
                yield KnownHand(images[k], joints[k].astype(np.float32), masks[k])
    finally:
        synth.close()


def real_hands(folder: Path) -> Iterator[KnownHand]:
    """The real crops that are not held out. Raises ValueError."""
    labels = read_real_crops(folder)
    for row in np.flatnonzero(~labels.held_out):
        yield KnownHand(read_rgb(folder / str(labels.image[row])), labels.joints_2d_px[row])


def boxed_hands(folder: Path, sight: Sight, input_size: int) -> Iterator[KnownHand]:
    """Photographs with boxes, neither kept out nor aside, and the joints that a hand network sees in the box.

    Where it isn't sure, or its joints don't fit the box, the photograph is left out. Raises ValueError.
    """
    known = [s for s in boxed_photographs(folder) if not is_kept_out(Path(str(s.image)))]
    for k, sample in enumerate(known):
        if k % ASIDE_EVERY == 0:
            continue
        assert sample.box_px is not None
        picture = read_rgb(Path(str(sample.image)))
        joints = joints_in(picture, sample.box_px, sight, input_size)
        if joints is not None:
            yield KnownHand(picture, joints)


def joints_in(picture: Image, box: Box, sight: Sight, input_size: int) -> Float32 | None:
    """The joints (21, 2) of the hand in a box that a network is surest of, whatever the hand's roll."""
    camera = camera_from_fov(picture.shape[1], picture.shape[0])
    middle = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2])
    best: tuple[float, Float32 | None] = (_SURE, None)
    for roll in np.arange(_ROLLS) * 2 * np.pi / _ROLLS:
        for span in _SPANS:
            palm = Palm.of_crop(middle, span * max(box[2:]), roll, 1.0)
            first = sight(palm_crop(picture, camera, palm, input_size), camera)
            if first.presence < 1 - _SURE:
                continue
            crop = crop_hand(picture, camera, first.joints_2d_px, first.handedness, input_size)
            hand = sight(crop, camera)
            fit = overlap(hand.joints_2d_px, box)
            if fit >= _FITS and hand.presence * fit > best[0] * _FITS:
                best = hand.presence * fit / _FITS, hand.joints_2d_px
    return best[1]
