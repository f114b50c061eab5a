"""Hands with measured joints to learn from: a user's own copies of data sets that have a training split.

Joints teach in 3D and in the picture, and masks where there are any. Meshes don't: theirs are MANO's, whose
vertices are not ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from models.datasets.registry import read_training_set
from models.datasets.samples import Sample, SampleSet, read_rgb
from models.geometry import project
from models.training.batch import Batch, Labels, LabelWeights, Pair
from models.training.pairs import pair_of
from models.training.real.photo import AugmentConfig, Image, PhotoAugmenter
from models.training.real.pictures import cut
from models.training.real.views import ViewRange, sample_view, view_camera
from models.types import Camera, Float32, Float64

MASK_SIDE = 64
_MIRROR = np.diag([-1.0, 1.0, 1.0])


def measured_hands(name: str, folder: Path, size: int, seed: int) -> MeasuredHands:
    """The training split of a data set that has one. Raises ValueError in one line."""
    return MeasuredHands(read_training_set(name, folder), size, seed)


class MeasuredHands:
    """A `Source` of a set's stills, cut and lit as `RealHands` does; pictures are read when drawn."""

    def __init__(
        self,
        samples: SampleSet,
        size: int,
        seed: int,
        views: ViewRange | None = None,
        photo: AugmentConfig | None = None,
    ) -> None:
        """Raises ValueError where the set is a video or empty. Drawing does where a file is unfit."""
        if samples.get is None or samples.count == 0:
            raise ValueError(f"{samples.name}: expected stills to learn from, one at least")
        self.size, self._seed, self._samples, self._get = size, seed, samples, samples.get
        self._views = views or ViewRange()
        # Masks know nothing of an occluder.
        self._augment = PhotoAugmenter(photo or replace(AugmentConfig(), occluder=0.0))

    def __len__(self) -> int:
        return self._samples.count

    def batch(self, number: int, count: int) -> Batch:
        """As `Source.batch`."""
        rng = np.random.default_rng([self._seed, number])
        return _joined([self._one(self._get(int(k)), rng) for k in rng.integers(0, len(self), count)])

    def pair(self, number: int, count: int) -> Pair:
        """As `PairSource.pair`."""
        rng = np.random.default_rng([self._seed, number, 2])
        samples = [self._get(int(k)) for k in rng.integers(0, len(self), count)]
        first, second = ([self._one(sample, rng) for sample in samples] for _ in range(2))
        return pair_of(_joined(first), _joined(second), [s.A for s in first], [s.A for s in second])

    def _one(self, sample: Sample, rng: np.random.Generator) -> _Shown:
        if sample.joints_3d_m is None or sample.joints_2d_px is None or sample.intrinsics is None:
            raise ValueError(f"{sample.name}: has no measured joints to learn from")
        picture = read_rgb(sample.image) if isinstance(sample.image, Path) else sample.image
        camera = Camera(*sample.intrinsics, picture.shape[1], picture.shape[0])
        view = sample_view(self._views, rng)
        virtual, R = view_camera(camera, sample.joints_2d_px, self.size, view)
        A = _MIRROR @ R if sample.handedness == "left" else R
        image = self._augment(cut(picture, camera, virtual, A, rng), lambda: picture, rng)
        pixels = project(sample.joints_3d_m @ A.T, virtual)
        return _Shown(
            image,
            ((sample.joints_3d_m - sample.joints_3d_m[0]) @ A.T).astype(np.float32),
            ((pixels + 0.5) / self.size).astype(np.float32),
            _mask(sample, camera, virtual, A),
            sample.mask is not None,
            A,
        )


@dataclass(frozen=True, eq=False)
class _Shown:
    """One sample of a batch."""

    image: Image  # (S, S, 3)
    joints_m: Float32  # (21, 3) from the wrist, the crop's frame
    joints_2d: Float32  # (21, 2) 0..1
    mask: Float32  # (MASK_SIDE, MASK_SIDE)
    has_mask: bool
    A: Float64  # (3, 3) camera frame -> crop frame


def _joined(shown: list[_Shown]) -> Batch:
    B = len(shown)
    ones, no_mesh = torch.ones(B), torch.zeros(B, 778, 3)
    labels = Labels(
        no_mesh,
        torch.from_numpy(np.stack([s.joints_m for s in shown])),
        torch.from_numpy(np.stack([s.joints_2d for s in shown])),
        no_mesh[..., :2].clone(),
        torch.from_numpy(np.stack([s.mask for s in shown]))[:, None],
    )
    has_mask = torch.tensor([float(s.has_mask) for s in shown])
    images = torch.from_numpy(np.stack([s.image for s in shown])).permute(0, 3, 1, 2)
    weights = LabelWeights(ones, ones.clone(), torch.zeros(B), has_mask)
    return Batch(images.contiguous().float().div_(255), labels, weights, ones.clone(), ones.clone())


def _mask(sample: Sample, camera: Camera, crop: Camera, A: Float64) -> Float32:
    """(MASK_SIDE, MASK_SIDE) 0..1, zero where the sample has none."""
    if sample.mask is None:
        return np.zeros((MASK_SIDE, MASK_SIDE), np.float32)
    H = crop.scaled(MASK_SIDE, MASK_SIDE).K @ A @ np.linalg.inv(camera.K)
    warped = cv2.warpPerspective(sample.mask.astype(np.float32), H, (MASK_SIDE, MASK_SIDE))
    return np.asarray(warped, np.float32)
