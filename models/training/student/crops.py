"""The crops a student learns from: photographs and drawn hands, as the teacher and as the student sees them.

The teacher sees a crop before the sensor's noise and the compression that the student's has: so two noisy
views of a hand have one answer, and what the student learns is steadier than what it learns from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.datasets.kept_out import not_kept_out
from models.datasets.real_crops import read_real_crops
from models.hand.hand_data import HandData
from models.networks.encoders.landmark_net import INPUT_SIZE
from models.training.real.label_files import crop_camera_of
from models.training.real.photo import AugmentConfig, Image, PhotoAugmenter
from models.training.real.pictures import Pictures, cut, cut_square, pictures_in
from models.training.real.views import View, ViewRange, sample_view, view_camera
from models.training.synthetic.sampler import SyntheticHands
from models.types import Camera, Float32, Float64

VIEWS = ViewRange(roll_deg=14.0, scale=(0.75, 1.3), shift=0.08)
WIDE_VIEWS = ViewRange(roll_deg=40.0, scale=(0.5, 1.8), shift=0.25)
"""Of hands in a part of the photographs: what a network sees in pictures unlike these, a student matches only
if it matches the teacher everywhere."""
DRAWN, EMPTY, WIDE = 0.25, 0.06, 0.4
"""Fractions of the crops that are drawn; of the others, that show no hand, or one in some wide view."""
_SCENE = AugmentConfig(noise=0.0, jpeg=0.0)
_SENSOR = AugmentConfig(gain=0, gamma=0, contrast=0, grey=0, low_resolution=0, blur=0, noise=0.6, occluder=0)
_DRAWN_SIDES = (128, 160, 128, INPUT_SIZE)  # in turn: see `models.training.maps.drawn`
_MIRROR = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Photographed:
    """A hand in a picture."""

    picture: Image
    camera: Camera
    joints_px: Float32  # (21, 2)
    left: bool


@dataclass(frozen=True)
class CropPair:
    """B crops, each as both networks see it: RGB, 0..1."""

    teacher: Tensor  # (B, 3, 224, 224)
    student: Tensor  # (B, 3, S, S)


class RealCropsShown:
    """The folder of real crops: the right hands in it, and left ones mirrored."""

    def __init__(self, folder: Path, held_out: bool) -> None:
        """held_out: what no training may see, instead of the others. Raises ValueError."""
        crops = read_real_crops(folder)
        rows = np.flatnonzero(crops.held_out == held_out)
        if len(rows) == 0:
            raise ValueError(f"{folder}: holds no crops to learn from; give a larger folder")
        self._pictures = Pictures([folder / str(name) for name in crops.image[rows]])
        self._joints_px, self._left = crops.joints_2d_px[rows], crops.handedness[rows] == "left"

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, k: int) -> Photographed:
        picture = self._pictures[k]
        camera = crop_camera_of(picture.shape[1], picture.shape[0])
        return Photographed(picture, camera, self._joints_px[k], bool(self._left[k]))


class StudentCrops:
    """Batches by number: one seed gives the same crops, whenever they are asked for."""

    def __init__(
        self,
        real: RealCropsShown,
        more: Sequence[Photographed],
        hand: HandData,
        backgrounds: Path,
        size: int,
        seed: int,
    ) -> None:
        """more: hands in whole photographs, drawn from as often as their number says. size: the student's
        crop. Raises ValueError where the folder of backgrounds holds no picture."""
        files = not_kept_out(pictures_in(backgrounds))
        self._real, self._more, self._grounds = real, list(more), Pictures(files)
        self._drawn = SyntheticHands(hand, side_px=INPUT_SIZE, backgrounds=files, seed=seed)
        self._scene, self._sensor = PhotoAugmenter(_SCENE), PhotoAugmenter(_SENSOR)
        self._size, self._seed = size, seed

    def batch(self, number: int, count: int) -> CropPair:
        """`count` crops, in no order. Raises NoGraphics where OpenGL can't start."""
        rng = np.random.default_rng([self._seed, number])
        n_drawn = round(DRAWN * count)
        scenes = [self._photographed(rng) for _ in range(count - n_drawn)]
        pairs = [(scene, self._sensor(self._small(scene, rng), self._no_cover, rng)) for scene in scenes]
        side = _DRAWN_SIDES[number % len(_DRAWN_SIDES)]
        drawn = self._drawn.crops(number, n_drawn, side_px=side).images
        for image in (drawn.permute(0, 2, 3, 1).numpy() * 255).round().clip(0, 255).astype(np.uint8):
            wide = _resized(image, INPUT_SIZE, cv2.INTER_LINEAR)
            pairs.append((wide, self._small(wide, rng)))
        rng.shuffle(pairs)
        return pair_of(pairs)

    def close(self) -> None:
        """Give the graphics back."""
        self._drawn.close()

    def _photographed(self, rng: np.random.Generator) -> Image:
        """A hand in some view and light, or none, 224 pixels wide."""
        if rng.random() < EMPTY:
            return self._scene(cut_square(self._other(rng), INPUT_SIZE, rng), lambda: self._other(rng), rng)
        k = int(rng.integers(len(self._real) + len(self._more)))
        hand = self._real[k] if k < len(self._real) else self._more[k - len(self._real)]
        wide = rng.random() < WIDE
        image = shown(hand, INPUT_SIZE, sample_view(WIDE_VIEWS if wide else VIEWS, rng), rng)
        if wide and rng.random() < 0.5:
            image = np.ascontiguousarray(image[:, ::-1])
        return self._scene(image, lambda: self._other(rng), rng)

    def _other(self, rng: np.random.Generator) -> Image:
        return self._grounds[int(rng.integers(len(self._grounds)))]

    def _small(self, image: Image, rng: np.random.Generator) -> Image:
        """As a crop of the student's size: softer or sharper, for frames are of any fineness."""
        way = cv2.INTER_AREA if rng.random() < 0.5 else cv2.INTER_LINEAR
        return _resized(image, self._size, way)

    def _no_cover(self) -> Image:
        raise AssertionError("a sensor lays nothing in the way")


def held_out_pairs(
    real: RealCropsShown, hand: HandData, size: int, count: int, seed: int = 99_001
) -> Iterator[tuple[str, CropPair]]:
    """What a student is validated by: hands of photographs kept from training, and drawn ones, in poses and
    views that are less usual."""
    rows = np.linspace(0, len(real) - 1, min(count, len(real))).astype(int)
    pairs = []
    for k in rows:
        images = [shown(real[int(k)], side, View(), np.random.default_rng(0)) for side in (INPUT_SIZE, size)]
        pairs.append((images[0], images[1]))
    yield "real", pair_of(pairs)
    drawn = SyntheticHands(hand, side_px=INPUT_SIZE, seed=seed)
    try:
        crops = drawn.crops(0, count)
    finally:
        drawn.close()
    kept = np.flatnonzero(crops.present & ~crops.mirrored)
    wide = (crops.images[kept].permute(0, 2, 3, 1).numpy() * 255).round().clip(0, 255).astype(np.uint8)
    yield "drawn", pair_of([(image, _resized(image, size, cv2.INTER_AREA)) for image in wide])


def shown(hand: Photographed, side: int, view: View, rng: np.random.Generator) -> Image:
    """A right hand's crop, or a left one's mirrored, `side` pixels wide."""
    virtual, R = view_camera(hand.camera, hand.joints_px, side, view)
    A: Float64 = _MIRROR @ R if hand.left else R
    return cut(hand.picture, hand.camera, virtual, A, rng)


def pair_of(images: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> CropPair:
    """Pictures (224, 224, 3) and (S, S, 3), by pairs."""
    both = (np.stack(column) for column in zip(*images, strict=True))
    teacher, student = (torch.from_numpy(a).permute(0, 3, 1, 2).float().div_(255) for a in both)
    return CropPair(teacher.contiguous(), student)


def _resized(image: Image, side: int, way: int) -> Image:
    if image.shape[0] == side:
        return image
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (side, side), interpolation=way), np.uint8)
