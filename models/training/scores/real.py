"""Photographs of hands whose joints are known, in many views, for the scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from models.datasets.real_crops import is_held_out, read_real_crops
from models.geometry import rays
from models.inference.landmark_runtime import INPUT_SIZE
from models.training.real.label_files import crop_camera_of
from models.training.real.photo import PhotoAugmenter
from models.training.real.pictures import Pictures, cut, cut_square
from models.training.real.views import ViewRange, sample_view, view_camera
from models.training.scores.crops import Image, ScoreCrop
from models.training.scores.disturb import Mask, cut_by_edge, lit
from models.types import Camera, Float32, Float64

_VIEWS = ViewRange(roll_deg=16.0, scale=(0.68, 1.3), shift=0.08)
_LEAST_LEFT = 0.5  # of a hand's joints' hull that the picture's edge cuts


def real_hand_crops(folder: Path, views: int, seed: int) -> Iterator[ScoreCrop]:
    """Hands of a folder of real crops, each in several views and lights. Raises ValueError."""
    crops = read_real_crops(folder)
    pictures = Pictures([folder / str(name) for name in crops.image])
    photo = PhotoAugmenter()
    rng = np.random.default_rng(seed)
    for k in range(len(pictures)):
        picture = pictures[k]
        camera = crop_camera_of(picture.shape[1], picture.shape[0])
        held_out = is_held_out(str(crops.source[k]), str(crops.origin[k]))
        for _ in range(1 if held_out else views):
            image = _seen(picture, camera, crops.joints_2d_px[k], rng)
            image = photo(
                image, lambda: cut_square(pictures[int(rng.integers(len(pictures)))], INPUT_SIZE, rng), rng
            )
            right = bool(crops.handedness[k] == "right")
            yield ScoreCrop(image, True, right, f"real-{crops.source[k]}", held_out)


def _seen(picture: Image, camera: Camera, joints_px: Float32, rng: np.random.Generator) -> Image:
    """A hand in some view, perhaps cut by the picture's edge, perhaps in poor light. Its own side."""
    virtual, R = view_camera(camera, joints_px, INPUT_SIZE, sample_view(_VIEWS, rng))
    image = cut(picture, camera, virtual, R, rng)
    if rng.random() < 0.3:
        less, left = cut_by_edge(image, _hull(joints_px, camera, virtual, R), rng)
        image = less if left >= _LEAST_LEFT else image
    return lit(image, rng) if rng.random() < 0.2 else image


def _hull(joints_px: Float32, camera: Camera, virtual: Camera, R: Float64) -> Mask:
    """(S, S) the joints' convex hull in the crop: about where the hand is."""
    p = rays(joints_px, camera) @ R.T
    at = p[:, :2] / p[:, 2:] * virtual.fx + virtual.cx
    mask = np.zeros((INPUT_SIZE, INPUT_SIZE), np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(at).astype(np.int32)), 1.0)
    return mask
