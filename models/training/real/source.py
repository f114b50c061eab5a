"""Real hands to learn from: crops of photographs, cut as the app cuts, each time a little differently."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from models.datasets.real_crops import read_real_crops
from models.geometry import project, rays
from models.hand.hand_data import HandData
from models.training.batch import Batch, Labels, LabelWeights, Pair
from models.training.pairs import pair_of
from models.training.real.label_files import (
    RealLabels,
    crop_camera_of,
    make_labels,
    read_labels,
    vertices_of,
    write_labels,
)
from models.training.real.photo import AugmentConfig, Image, PhotoAugmenter
from models.training.real.pictures import Pictures, beside_hand, cut, cut_square, pictures_in
from models.training.real.views import ViewRange, sample_view, view_camera
from models.types import Camera, Float32, Float64

MASK_SIDE = 16  # of the masks, which are unknown
_MIRROR = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class RealConfig:
    """How crops are varied, and how much labels count. Disagreements are in hand boxes."""

    views: ViewRange = field(default_factory=ViewRange)
    no_hand: float = 0.05  # fraction of samples without a hand
    left: float = 0.05  # fraction of samples that show a left hand, as no crop of the app should
    mirror: tuple[float, float] = (0.025, 0.06)  # with the mirrored views: weight 1 up to it, 0 from it
    fit: tuple[float, float] = (0.025, 0.05)  # the fitted hand's reprojection error, likewise


@dataclass(frozen=True, eq=False)
class _Sample:
    """One crop of a batch. Where no hand or a left one is shown, nothing but that is known."""

    image: Image  # (S, S, 3)
    hand: int | None  # which of the hands is labelled
    A: Float64  # (3, 3) frame of the picture's camera -> the crop's
    camera: Camera  # the crop's
    presence: float
    right: float


class RealHands:
    """A `Source` of real crops. Pictures stay compressed in memory; labels are made where there are none."""

    def __init__(
        self,
        folder: Path,
        labels: Path,
        hand: HandData,
        size: int,
        seed: int,
        held_out: bool = False,
        backgrounds: Path | None = None,
        config: RealConfig | None = None,
        photo: AugmentConfig | None = None,
    ) -> None:
        """folder: as `read_real_crops` takes it. labels: their file; made there if there is none, at about a
        tenth of a second a crop. size: side of the crops, pixels. held_out: the crops kept from training,
        instead of the others. backgrounds: a folder of pictures without hands, for samples without any; else
        they are cut from beside the hands.

        Raises ValueError in one line where files are missing or unfit, OSError where labels can't be kept.
        """
        self.config, self.size = config or RealConfig(), size
        self._seed, self._augment = seed, PhotoAugmenter(photo)
        crops = read_real_crops(folder)
        if not labels.is_file():
            write_labels(make_labels(crops, hand), labels)
        known = read_labels(labels, crops)
        weight_2d, weight_3d = label_weights(known, self.config)
        rows = np.flatnonzero((crops.held_out == held_out) & (weight_2d > 0))
        if len(rows) == 0:
            raise ValueError(f"{folder}: holds no crops to learn from; give a larger folder")
        self._weight_2d, self._weight_3d = weight_2d[rows], weight_3d[rows]
        self._joints_px, self._left = known.joints_px[rows], crops.handedness[rows] == "left"
        self._vertices = vertices_of(known, crops, hand)[rows]  # (N, 778, 3) frame of the crop's camera
        self._joints = np.asarray(hand.regressor_21 @ self._vertices, np.float32)
        self._pictures = Pictures([crops.folder / str(name) for name in crops.image[rows]])
        height, width = self._pictures[0].shape[:2]
        self._camera = crop_camera_of(width, height)
        self._rays = rays(self._joints_px, self._camera)  # (N, 21, 3)
        self._backgrounds = Pictures([] if backgrounds is None else pictures_in(backgrounds))

    def __len__(self) -> int:
        return len(self._pictures)

    def batch(self, number: int, count: int) -> Batch:
        """As `Source.batch`."""
        rng = np.random.default_rng([self._seed, number])
        return self._joined([self._any(int(k), rng) for k in rng.integers(0, len(self), count)])

    def pair(self, number: int, count: int) -> Pair:
        """As `PairSource.pair`: hands alone, right ones or mirrored to it."""
        rng = np.random.default_rng([self._seed, number, 2])
        rows = [int(k) for k in rng.integers(0, len(self), count)]
        first, second = ([self._shown(k, rng) for k in rows] for _ in range(2))
        return pair_of(self._joined(first), self._joined(second), [s.A for s in first], [s.A for s in second])

    def _any(self, k: int, rng: np.random.Generator) -> _Sample:
        """A hand mostly; sometimes none, or a left one."""
        chance = rng.random()
        if chance < self.config.no_hand:
            return self._without_hand(k, rng)
        return self._shown(k, rng, left=chance < self.config.no_hand + self.config.left)

    def _shown(self, k: int, rng: np.random.Generator, left: bool = False) -> _Sample:
        """Hand k as a right one, or as a left one, in some view and light."""
        picture = self._pictures[k]
        view = sample_view(self.config.views, rng)
        virtual, R = view_camera(self._camera, self._joints_px[k], self.size, view)
        A = _MIRROR @ R if self._left[k] != left else R
        image = self._augment(cut(picture, self._camera, virtual, A, rng), lambda: self._other(rng), rng)
        return _Sample(image, None if left else k, A, virtual, 1.0, 0.0 if left else 1.0)

    def _without_hand(self, k: int, rng: np.random.Generator) -> _Sample:
        if len(self._backgrounds):
            picture = self._other(rng)
        else:
            picture = beside_hand(self._pictures[k], self._joints_px[k])
        image = self._augment(cut_square(picture, self.size, rng), lambda: picture, rng)
        return _Sample(image, None, np.eye(3), self._camera, 0.0, float(rng.integers(2)))

    def _other(self, rng: np.random.Generator) -> Image:
        """Some picture, to come in the way."""
        pictures = self._backgrounds if len(self._backgrounds) else self._pictures
        return pictures[int(rng.integers(len(pictures)))]

    def _joined(self, samples: list[_Sample]) -> Batch:
        B = len(samples)
        images = np.stack([s.image for s in samples])
        vertices, joints = np.zeros((B, 778, 3), np.float32), np.zeros((B, 21, 3), np.float32)
        vertices_2d, joints_2d = np.zeros((B, 778, 2), np.float32), np.zeros((B, 21, 2), np.float32)
        weight_2d, weight_3d = np.zeros(B, np.float32), np.zeros(B, np.float32)
        for row, s in enumerate(samples):
            if s.hand is None:
                continue
            weight_2d[row], weight_3d[row] = self._weight_2d[s.hand], self._weight_3d[s.hand]
            placed = self._vertices[s.hand] @ s.A.T
            joints[row] = self._joints[s.hand] @ s.A.T
            vertices_2d[row] = _unit(project(placed, s.camera), self.size)
            vertices[row] = placed - joints[row, 0]
            joints[row] = joints[row] - joints[row, 0]
            joints_2d[row] = _unit(project(self._rays[s.hand] @ s.A.T, s.camera), self.size)
        labels = Labels(
            torch.from_numpy(vertices),
            torch.from_numpy(joints),
            torch.from_numpy(joints_2d),
            torch.from_numpy(vertices_2d),
            torch.zeros(B, 1, MASK_SIDE, MASK_SIDE),
        )
        in_2d, in_3d = torch.from_numpy(weight_2d), torch.from_numpy(weight_3d)
        return Batch(
            torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float().div_(255),
            labels,
            LabelWeights(in_2d, in_3d, in_3d.clone(), torch.zeros(B)),
            torch.tensor([s.presence for s in samples]),
            torch.tensor([s.right for s in samples]),
        )


def label_weights(labels: RealLabels, config: RealConfig) -> tuple[Float32, Float32]:
    """(N,) weights of the labels in the picture, and (N,) in 3D, 0..1, by the views' agreement."""
    in_2d = _falling(labels.mirror, *config.mirror)
    return in_2d, in_2d * _falling(labels.error, *config.fit)


def _unit(points_px: Float64, size: int) -> Float64:
    """Crop pixels -> 0..1 from border to border, as `models.networks.network.crop_px_to_unit`."""
    return (points_px + 0.5) / size


def _falling(x: Float32, good: float, bad: float) -> Float32:
    return np.clip((bad - x) / (bad - good), 0, 1).astype(np.float32)
