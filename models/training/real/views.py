"""Crops of the same hand that differ a little: augmentation for training, and several views for a label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from models.geometry import crop_camera, rotation_from_axis_angle
from models.inference.landmark_runtime import CROP_BOX_JOINTS, CROP_SHIFT, CROP_SPAN
from models.types import Camera, Float64


@dataclass(frozen=True)
class View:
    """One way to cut a hand out, relative to `models.inference.landmark_runtime.crop_hand`."""

    roll_rad: float = 0.0  # about the line of sight
    scale: float = 1.0  # above 1 the hand is larger in the crop
    shift: tuple[float, float] = (0.0, 0.0)  # of the hand in the crop, right and down, in crop sides
    mirrored: bool = False  # the other way round than the app would show it


@dataclass(frozen=True)
class ViewRange:
    """How differently from the app training sees hands."""

    roll_deg: float = 12.0  # spread of the roll, cut at two and a half times this
    scale: tuple[float, float] = (0.85, 1.25)  # the hand's size over that in the app's crop
    shift: float = 0.05  # largest shift, in crop sides: a tenth of the hand's box


def sample_view(views: ViewRange, rng: np.random.Generator) -> View:
    """Some view of a range."""
    roll = np.radians(views.roll_deg * np.clip(rng.standard_normal(), -2.5, 2.5))
    scale = np.exp(rng.uniform(*np.log(views.scale)))
    x, y = rng.uniform(-views.shift, views.shift, 2)
    return View(float(roll), float(scale), (float(x), float(y)))


def view_camera(camera: Camera, joints_px: ArrayLike, size: int, view: View) -> tuple[Camera, Float64]:
    """The virtual camera that sees the hand so, `size` px wide, and R_crop_cam (3, 3).

    A shift turns the camera: its axis always goes through the crop's middle. The mirror is the caller's.
    """
    virtual, R = crop_camera(camera, joints_px, size, CROP_SPAN, CROP_SHIFT, CROP_BOX_JOINTS)
    f = virtual.fx * view.scale
    x, y = np.array(view.shift) * size / f
    R_shift = rotation_from_axis_angle([-y, x, 0.0])  # what was ahead is seen at (x, y)
    R = R_shift @ rotation_from_axis_angle([0.0, 0.0, view.roll_rad]) @ R
    return Camera(f, f, virtual.cx, virtual.cy, size, size), R
