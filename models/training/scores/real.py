"""Photographs for the scores: hands whose joints are known, and palms found in pictures without any hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from models.datasets.real_crops import is_held_out, read_real_crops
from models.evaluation.found import HELD_OUT_EVERY
from models.geometry import camera_from_fov, crop_to_frame_px, rays
from models.inference.landmark_runtime import INPUT_SIZE, LandmarkRuntime, crop_hand
from models.inference.palm_runtime import PalmNet
from models.tracking.detector import palm_crop
from models.tracking.palm_views import SHRUNK, WHOLE, Halvings, draw_view, in_frame, view_matrix
from models.training.real.label_files import crop_camera_of
from models.training.real.photo import PhotoAugmenter
from models.training.real.pictures import Pictures, cut, cut_square, pictures_in
from models.training.real.views import ViewRange, sample_view, view_camera
from models.training.scores.crops import Image, ScoreCrop
from models.training.scores.disturb import Mask, cut_by_edge, lit
from models.types import Array, Camera, Float64, Handedness

_VIEWS = ViewRange(roll_deg=16.0, scale=(0.68, 1.3), shift=0.08)
_LEAST_LEFT = 0.5  # of a hand's joints' hull that the picture's edge cuts
_MIN_PALM = 0.02
_LEAST_LOOKS = 900  # at a folder without hands, however few its pictures
_MIRROR = np.diag([-1.0, 1.0, 1.0])


def real_hand_crops(folder: Path, looks: int, seed: int) -> Iterator[ScoreCrop]:
    """Hands of a folder of real crops, each in several views and lights. Raises ValueError."""
    crops = read_real_crops(folder)
    pictures = Pictures([folder / str(name) for name in crops.image])
    photo = PhotoAugmenter()
    rng = np.random.default_rng(seed)
    for k in range(len(pictures)):
        picture = pictures[k]
        camera = crop_camera_of(picture.shape[1], picture.shape[0])
        held_out = is_held_out(str(crops.source[k]), str(crops.origin[k]))
        for _ in range(1 if held_out else looks):
            image = _seen(picture, camera, crops.joints_2d_px[k], rng)
            image = photo(
                image, lambda: cut_square(pictures[int(rng.integers(len(pictures)))], INPUT_SIZE, rng), rng
            )
            right = bool(crops.handedness[k] == "right")
            yield ScoreCrop(image, True, right, f"real-{crops.source[k]}", held_out)


def close_hand_crops(
    pictures: Sequence[Path], joints_px: Sequence[Array], looks: int, seed: int
) -> Iterator[ScoreCrop]:
    """Hands of photographs whose joints (21, 2) were found and whose side nobody knows."""
    photo = PhotoAugmenter()
    rng = np.random.default_rng(seed)
    loaded = Pictures(pictures)
    for k, joints in enumerate(joints_px):
        camera = camera_from_fov(loaded[k].shape[1], loaded[k].shape[0])
        for _ in range(looks):
            image = _seen(loaded[k], camera, joints, rng)
            yield ScoreCrop(photo(image, lambda: image, rng), True, None, "close", False)  # noqa: B023


def is_kept_out(path: Path) -> bool:
    """Whether a photograph of hands without known sides is kept from training: a half, by its content."""
    return hashlib.sha256(path.read_bytes()).digest()[0] % 2 == 0


def handless_crops(folders: Sequence[Path], looks: int, seed: int) -> Iterator[ScoreCrop]:
    """What the palm network takes for palms, however doubtfully, in pictures without any hand.

    Each picture is looked at `looks` times or more, some part of it at some size, turned and mirrored. Of
    each palm come the first crop, and the second, cut around the joints that were seen in the first.
    """
    palm_net, landmarks, photo = PalmNet(), LandmarkRuntime(), PhotoAugmenter()
    for folder in folders:
        paths = pictures_in(folder)
        pictures = Pictures(paths)
        for k in range(len(pictures)):
            rng = np.random.default_rng([seed, k])
            held_out = k % HELD_OUT_EVERY == 0 and len(paths) > HELD_OUT_EVERY**2
            for _ in range(max(looks, _LEAST_LOOKS // len(paths))):
                size = int(rng.integers(192, 480))
                part = photo(cut_square(pictures[k], size, rng), lambda: pictures[0], rng)  # noqa: B023
                for image in _candidates(part, palm_net, landmarks, rng):
                    yield ScoreCrop(image, False, None, f"none-{folder.name}", held_out)


def _candidates(
    picture: Image, palm_net: PalmNet, landmarks: LandmarkRuntime, rng: np.random.Generator
) -> Iterator[Image]:
    """The crops that the detector would look at, mirrored or not."""
    camera = camera_from_fov(picture.shape[1], picture.shape[0])
    frame = Halvings(picture)
    for view in (WHOLE, SHRUNK):
        matrix = view_matrix(camera.width, camera.height, view)
        palms = in_frame(palm_net(draw_view(frame, matrix), _MIN_PALM), matrix)
        for palm in palms[:2]:
            first = palm_crop(picture, camera, palm, INPUT_SIZE)
            yield first.image_rgb
            joints = crop_to_frame_px(landmarks(first.image_rgb).joints_crop_px, first, camera)
            if np.isfinite(joints).all():
                side: Handedness = "left" if rng.random() < 0.5 else "right"
                yield crop_hand(picture, camera, joints, side, INPUT_SIZE).image_rgb


def _seen(picture: Image, camera: Camera, joints_px: Array, rng: np.random.Generator) -> Image:
    """A hand in some view, perhaps cut by the picture's edge, perhaps in poor light. Its own side."""
    virtual, R = view_camera(camera, joints_px, INPUT_SIZE, sample_view(_VIEWS, rng))
    image = cut(picture, camera, virtual, R, rng)
    if rng.random() < 0.3:
        less, left = cut_by_edge(image, _hull(joints_px, camera, virtual, R), rng)
        image = less if left >= _LEAST_LEFT else image
    return lit(image, rng) if rng.random() < 0.2 else image


def _hull(joints_px: Array, camera: Camera, virtual: Camera, R: Float64) -> Mask:
    """(S, S) the joints' convex hull in the crop: about where the hand is."""
    p = rays(joints_px, camera) @ R.T
    at = p[:, :2] / p[:, 2:] * virtual.fx + virtual.cx
    mask = np.zeros((INPUT_SIZE, INPUT_SIZE), np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(at).astype(np.int32)), 1.0)
    return mask
