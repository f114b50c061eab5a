"""Hands with measured joints to learn from: a user's own FreiHAND, HO-3D, RHD, STB or ObMan.

Joints teach in 3D and in the picture, and masks where there are any. Meshes don't: theirs are MANO's, whose
vertices are not ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from models.evaluation.freihand import freihand
from models.evaluation.ho3d import ho3d
from models.evaluation.obman import obman
from models.evaluation.rhd import rhd
from models.evaluation.samples import Sample, SampleSet, read_rgb
from models.evaluation.stb import stb
from models.geometry import Float, project
from models.training.batch import Batch, Trust, Truth
from models.training.real_photo import Photo, PhotoConfig
from models.training.real_pictures import cut
from models.training.real_views import ViewRange, drawn_view, view_camera
from models.types import Camera

TRAINING_SETS: dict[str, Callable[[Path], SampleSet]] = {
    "freihand": lambda folder: freihand(folder, "training"),
    "ho3d": lambda folder: ho3d(folder, "train"),
    "rhd": lambda folder: rhd(folder, "training"),
    "stb": lambda folder: stb(folder, "training"),
    "obman": lambda folder: obman(folder, "train"),
}
"""Their training splits, by name: what evaluation reads is never among them."""

MASK_SIDE = 64
_MIRROR = np.diag([-1.0, 1.0, 1.0])


def measured_hands(name: str, folder: Path, size: int, seed: int) -> MeasuredHands:
    """The training split of a set of TRAINING_SETS. Raises ValueError in one line."""
    if name not in TRAINING_SETS:
        raise ValueError(f"data: expected one of {', '.join(TRAINING_SETS)}, got {name!r}")
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder; give the folder of {name}")
    return MeasuredHands(TRAINING_SETS[name](folder), size, seed)


class MeasuredHands:
    """A `Source` of a set's stills, cut and lit as `RealHands` does; pictures are read when drawn."""

    def __init__(
        self,
        samples: SampleSet,
        size: int,
        seed: int,
        views: ViewRange | None = None,
        photo: PhotoConfig | None = None,
    ) -> None:
        """Raises ValueError where the set is a video or empty. Drawing does where a file is unfit."""
        if samples.get is None or samples.count == 0:
            raise ValueError(f"{samples.name}: expected stills to learn from, one at least")
        self.size, self._seed, self._samples, self._get = size, seed, samples, samples.get
        self._views = views or ViewRange()
        self._photo = Photo(photo or replace(PhotoConfig(), cover=0.0))  # a mask shows nothing in the way

    def __len__(self) -> int:
        return self._samples.count

    def batch(self, number: int, size: int) -> Batch:
        """As `Source.batch`."""
        rng = np.random.default_rng([self._seed, number])
        parts = [self._one(self._get(int(k)), rng) for k in rng.integers(0, len(self), size)]
        images, joints, joints_2d, masks, known = (np.stack(column) for column in zip(*parts, strict=True))
        ones = torch.ones(size)
        truth = Truth(
            torch.zeros(size, 778, 3),
            torch.from_numpy(joints),
            torch.from_numpy(joints_2d),
            torch.zeros(size, 778, 2),
            torch.from_numpy(masks)[:, None],
        )
        return Batch(
            torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float().div_(255),
            truth,
            Trust(ones, ones.clone(), torch.zeros(size), torch.from_numpy(known)),
            ones.clone(),
            ones.clone(),
        )

    def _one(self, sample: Sample, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Picture, joints, joints in the crop, mask, and 1 if the mask is known."""
        if sample.joints_3d_m is None or sample.joints_2d_px is None or sample.intrinsics is None:
            raise ValueError(f"{sample.name}: has no measured joints to learn from")
        picture = read_rgb(sample.image) if isinstance(sample.image, Path) else sample.image
        camera = Camera(*sample.intrinsics, picture.shape[1], picture.shape[0])
        view = drawn_view(self._views, rng)
        virtual, R = view_camera(camera, sample.joints_2d_px, self.size, view)
        A = _MIRROR @ R if sample.side == "left" else R
        image = self._photo(cut(picture, camera, virtual, A, rng), lambda: picture, rng)
        joints = (sample.joints_3d_m - sample.joints_3d_m[0]) @ A.T
        pixels = project(sample.joints_3d_m @ A.T, virtual)
        return (
            image,
            joints.astype(np.float32),
            ((pixels + 0.5) / self.size).astype(np.float32),
            _mask(sample, camera, virtual, A),
            np.array(sample.mask is not None, np.float32),
        )


def _mask(sample: Sample, camera: Camera, crop: Camera, A: Float) -> np.ndarray:
    """(MASK_SIDE, MASK_SIDE) 0..1, zero where the sample has none."""
    if sample.mask is None:
        return np.zeros((MASK_SIDE, MASK_SIDE), np.float32)
    H = crop.scaled(MASK_SIDE, MASK_SIDE).K @ A @ np.linalg.inv(camera.K)
    warped = cv2.warpPerspective(sample.mask.astype(np.float32), H, (MASK_SIDE, MASK_SIDE))
    return np.asarray(warped, np.float32)
