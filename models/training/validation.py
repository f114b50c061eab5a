"""How good a network is in the middle of its training: on its own crops, without a tracker, in one pass.

Judged on what it can't have seen: real pictures with measured joints, real pictures with 2D joints, and
drawn hands with full labels. `main.py evaluate` judges the same through the whole pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.datasets.samples import Sample, SampleSet, read_rgb
from models.evaluation.benchmark import UNKNOWN_FOV_DEG
from models.evaluation.metrics import aligned_errors, mean_errors, point_errors
from models.geometry import camera_from_fov, crop_camera, project, rays, warp_crop
from models.inference.landmark_runtime import CROP_BOX_JOINTS, CROP_SHIFT, CROP_SPAN
from models.networks.network import NetworkOutput, crop_px_to_unit
from models.training.batch import Batch, Source
from models.types import Camera

BOX_MM = 150.0
"""A hand's box: by it, errors in the picture are counted in millimetres and compared with those in space."""
_CHUNK = 32


@dataclass(frozen=True, eq=False)
class ValidationSet:
    """Crops whose joints are known, of one kind. Weight 0: this joint is not judged."""

    name: str
    images: NDArray[np.uint8]  # (N, S, S, 3) RGB; right hands, or left ones mirrored
    joints_2d: NDArray[np.float64]  # (N, 21, 2) 0..1 of the crop
    weight_2d: NDArray[np.float64]  # (N, 21)
    joints_m: NDArray[np.float64]  # (N, 21, 3) the crop's axes
    weight_3d: NDArray[np.float64]  # (N, 21)


def validation_samples(samples: SampleSet, size: int, most: int = 120) -> ValidationSet:
    """The crops that the app would make of a set's samples if it knew their joints; `most` of them, evenly.

    Raises ValueError where a sample's files are unfit.
    """
    every = max(1, samples.count // most)
    rows = [_validation_sample(sample, size) for k, sample in enumerate(samples.read()) if k % every == 0]
    known = [row for row in rows if row is not None]
    if not known:
        raise ValueError(f"{samples.name}: none of its samples has joints in its picture to judge by")
    return ValidationSet(samples.name, *(np.stack(column) for column in zip(*known, strict=True)))


def _validation_sample(sample: Sample, size: int) -> tuple[np.ndarray, ...] | None:
    if sample.joints_2d_px is None or (sample.joints_counted is not None and not sample.joints_counted.any()):
        return None
    image = read_rgb(sample.image) if isinstance(sample.image, Path) else sample.image
    height, width = image.shape[:2]
    known = sample.intrinsics
    camera = Camera(*known, width, height) if known else camera_from_fov(width, height, UNKNOWN_FOV_DEG)
    virtual, R = crop_camera(camera, sample.joints_2d_px, size, CROP_SPAN, CROP_SHIFT, CROP_BOX_JOINTS)
    crop = warp_crop(image, camera, virtual, R, mirrored=sample.handedness == "left")
    joints_2d = crop_px_to_unit(
        torch.from_numpy(_project(sample.joints_2d_px, camera, crop.A, virtual)), size
    )
    counted = np.ones(21) if sample.joints_counted is None else sample.joints_counted.astype(np.float64)
    in_3d = sample.joints_3d_m
    joints_m = np.zeros((21, 3)) if in_3d is None else in_3d @ crop.A.T
    # A video's 2D truth is its 3D truth projected, which is judged already.
    of_video = sample.time_s is not None
    nothing = np.zeros(21)
    return (
        crop.image_rgb,
        joints_2d.numpy(),
        nothing if of_video else counted,
        joints_m,
        nothing if in_3d is None else counted,
    )


def _project(px: np.ndarray, camera: Camera, A: np.ndarray, virtual: Camera) -> NDArray[np.float64]:
    return np.asarray(project(rays(px, camera) @ A.T, virtual), np.float64)


def validation_source(name: str, source: Source, count: int = 96) -> ValidationSet:
    """The first hands of a source, judged as far as their labels are trusted."""
    batch: Batch = source.batch(0, count)
    labels, weights = batch.labels, batch.weights
    ones = torch.ones(1, 21)
    return ValidationSet(
        name,
        (batch.images * 255).round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy(),
        labels.joints_2d.double().cpu().numpy(),
        (weights.joints_2d.cpu()[:, None] * ones).double().numpy(),
        labels.joints_m.double().cpu().numpy(),
        (weights.joints.cpu()[:, None] * ones).double().numpy(),
    )


class Validator:
    """Judges a network on several sets."""

    def __init__(self, sets: Sequence[ValidationSet]) -> None:
        self.sets = sets

    def __call__(self, network: nn.Module, device: str) -> dict[str, float]:
        """By set: `NAME_pa_mm` PA-MPJPE, `NAME_2d_percent` of the larger side of the joints' box.

        `mm`, the one figure by which weights are kept: the mean of all, 2D counted on a box of BOX_MM.
        """
        figures: dict[str, float] = {}
        in_mm: list[float] = []
        for judged in self.sets:
            joints_2d, joints_m = _answers(network, judged.images, device)
            if judged.weight_3d.any():
                errors = aligned_errors(joints_m, judged.joints_m, judged.weight_3d)
                figures[f"{judged.name}_pa_mm"] = _mean(1e3 * mean_errors(errors, judged.weight_3d))
                in_mm.append(figures[f"{judged.name}_pa_mm"])
            if judged.weight_2d.any():
                box = np.ptp(judged.joints_2d, axis=1).max(-1).clip(1e-3)
                errors = point_errors(joints_2d, judged.joints_2d) / box[:, None]
                part = _mean(mean_errors(errors, judged.weight_2d))
                figures[f"{judged.name}_2d_percent"] = 100 * part
                in_mm.append(BOX_MM * part)
        return figures | {"mm": float(np.mean(in_mm))}


def _answers(network: nn.Module, images: NDArray[np.uint8], device: str) -> tuple[np.ndarray, np.ndarray]:
    joints_2d, joints_m = [], []
    with torch.no_grad():
        for at in range(0, len(images), _CHUNK):
            chunk = torch.from_numpy(images[at : at + _CHUNK]).to(device).permute(0, 3, 1, 2).float() / 255
            output: NetworkOutput = network(chunk)
            joints_2d.append(output.joints_2d.double().cpu().numpy())
            joints_m.append(output.joints_m.double().cpu().numpy())
    return np.concatenate(joints_2d), np.concatenate(joints_m)


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values))
