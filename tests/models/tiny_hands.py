"""A few cheap pictures of hands with perfect labels, for tests that train; painted far to near by OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from models.geometry import camera_from_fov, crop_camera, project, rotation_from_axis_angle
from models.hand.hand_data import HandData, load_open_hand
from models.hand.joint_limits import LIMITS_DEG, anatomical_frames, angles_to_rotations
from models.hand.skinning import pose_hand
from models.types import Float64

_TINTS = np.array(
    [[224, 172, 140], [214, 150, 122], [230, 180, 150], [205, 160, 128], [226, 164, 132], [210, 170, 145]]
)


@dataclass(frozen=True)
class TinyHands:
    """N right hands as a network sees and should answer them; 3D in the crop camera's frame."""

    crops: Tensor  # (N, 3, S, S) RGB, 0..1
    vertices_m: Tensor  # (N, 778, 3) from the wrist joint
    joints_m: Tensor  # (N, 21, 3) from the wrist joint
    joints_2d: Tensor  # (N, 21, 2) 0..1 of the crop
    mask: Tensor  # (N, 1, S, S) 1 on the hand
    betas: Tensor  # (N, 10)
    vertices_2d: Tensor  # (N, 778, 2) 0..1 of the crop


def make_hands(n: int, size: int = 128, seed: int = 0) -> TinyHands:
    """Random poses within the joint limits, shapes, views and backgrounds; the same seed, the same hands."""
    random = np.random.default_rng(seed)
    hand = load_open_hand()
    frames = anatomical_frames(hand)
    samples = [_one(hand, frames, size, random) for _ in range(n)]
    crops, *rest = (np.stack(column).astype(np.float32) for column in zip(*samples, strict=True))
    return TinyHands(torch.from_numpy(crops).permute(0, 3, 1, 2) / 255, *map(torch.from_numpy, rest))


def _one(hand: HandData, frames: Float64, size: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    low, high = np.moveaxis(np.radians(LIMITS_DEG), -1, 0)
    angles = random.uniform(low, high) * random.uniform(0, 0.8)
    view = rotation_from_axis_angle(random.uniform(-0.9, 0.9, 3))
    rotations = np.concatenate([view[None], angles_to_rotations(angles, frames)])
    betas = random.normal(0, 0.7, 10)
    vertices, joints = pose_hand(hand, rotations, betas, [*random.uniform(-0.05, 0.05, 2), 0.5])
    whole = camera_from_fov(640, 480)
    camera, R = crop_camera(whole, project(joints, whole), size, span=1.5)
    v, j = vertices @ R.T, joints @ R.T
    picture, mask = _paint(v, project(v, camera), hand, size, random)
    joints_2d, vertices_2d = ((project(p, camera) + 0.5) / size for p in (j, v))
    return picture, v - j[0], j - j[0], joints_2d, mask[None], betas, vertices_2d


def _paint(
    v: Float64, v_px: Float64, hand: HandData, size: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Shaded faces over a blurred random background; -> picture (S, S, 3) bytes, mask (S, S) 0 or 1."""
    coarse = random.integers(0, 255, (5, 5, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((size, size), np.uint8)
    triangles = v[hand.faces]
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    light = random.normal(size=3) - [0, 0, 2.0]
    shade = 0.35 + 0.65 * np.clip(normals @ (light / np.linalg.norm(light)), 0, 1)
    colours = _TINTS[hand.regions[hand.faces[:, 0]]] * shade[:, None]
    facing = np.einsum("fk,fk->f", normals, triangles.mean(1)) < 0
    corners = np.round(v_px[hand.faces] * 16).astype(np.int32)  # cv2's fixed point, 4 bits
    for f in np.argsort(-triangles[:, :, 2].mean(1)):
        if facing[f]:
            cv2.fillConvexPoly(picture, corners[f], colours[f].tolist(), cv2.LINE_AA, 4)
            cv2.fillConvexPoly(mask, corners[f], 1, cv2.LINE_8, 4)
    return picture, mask
