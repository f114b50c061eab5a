"""From where a webcam sees a hand, and what the app then crops.

The crop is the picture of a virtual camera at the real one's centre (`models.geometry.crop_camera`), so how a
hand looks in it depends on its distance and direction alone; the real lens and sensor only say how fine the
picture was that the crop was cut from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.geometry import rotation_from_axis_angle
from models.inference.landmark_runtime import CROP_BOX_JOINTS, CROP_SHIFT, CROP_SPAN
from models.training.synthetic.lighting import spread_directions
from models.types import Float64

FRAMES = np.array([[640, 480], [1280, 720], [1920, 1080]])


@dataclass(frozen=True)
class Viewpoints:
    """B cameras before B hands."""

    R_wrist: Float64  # (B, 3, 3) the hand's global rotation, camera frame
    distance_m: Float64  # (B,) from the camera to the hand
    frame_px_per_rad: Float64  # (B,) focal length of the webcam, pixels of its frame
    roll_rad: Float64  # (B,) error of the crop's roll
    scale: Float64  # (B,) the crop is this many times as wide as it should be
    shift: Float64  # (B, 2) how far its middle is off, in joint boxes
    gravity_rad: Float64  # (B,) where down is in the crop, from its y axis


USUAL_VIEWS = (0.62, 0.2)
"""Fractions of the hands that face the camera, palm or back, and that MobRecon's hemisphere sees. The
rest are seen from anywhere."""


def sample_viewpoints(
    rng: np.random.Generator, n: int, views: tuple[float, float] = USUAL_VIEWS
) -> Viewpoints:
    """Viewpoints as webcams have them, 20 cm to 1 m away, with 50 to 90 degrees of field.

    views: as USUAL_VIEWS.
    """
    facing, hemisphere = views
    kind = rng.random(n)[:, None, None]
    R = np.where(
        kind < facing,
        _facing_camera(rng, n),
        np.where(kind < facing + hemisphere, _hemisphere(rng, n), _random_rotations(rng, n)),
    )
    fov = np.radians(rng.uniform(50, 90, n))
    diagonal = np.hypot(*FRAMES[rng.choice(len(FRAMES), n, p=[0.3, 0.5, 0.2])].T)
    small = rng.random(n) < 0.7  # most crops of a tracker are off by little
    return Viewpoints(
        R_wrist=R,
        distance_m=np.exp(rng.uniform(np.log(0.2), np.log(1.0), n)),
        frame_px_per_rad=0.5 * diagonal / np.tan(fov / 2),
        roll_rad=np.radians(np.where(small, rng.normal(0, 5, n), rng.uniform(-30, 30, n))),
        scale=np.where(small, np.exp(rng.normal(0, 0.06, n)), rng.uniform(0.85, 1.25, n)),
        shift=np.where(small[:, None], rng.normal(0, 0.025, (n, 2)), rng.uniform(-0.1, 0.1, (n, 2))),
        gravity_rad=np.where(rng.random(n) < 0.8, rng.normal(0, 0.35, n), rng.uniform(-np.pi, np.pi, n)),
    )


def _rotation_about(axis: int, angle: Float64) -> Float64:
    return rotation_from_axis_angle(angle[:, None] * np.eye(3)[axis])


def _facing_camera(rng: np.random.Generator, n: int) -> Float64:
    """Palm, or in half of them the back of the hand, towards the camera, more or less."""
    back = np.where(rng.random(n) < 0.5, np.pi, 0.0)
    around = back + np.radians(rng.normal(0, 30, n))
    nod = np.radians(rng.normal(0, 22, n))
    return _rotation_about(0, nod) @ _rotation_about(1, around)


def _hemisphere(rng: np.random.Generator, n: int) -> Float64:
    """MobRecon's 216 views: camera positions spread over the half of the sphere above the wrist."""
    directions = spread_directions(432)
    directions = directions[directions[:, 1] < 0][
        rng.integers(216, size=n)
    ]  # in the hand's frame, -y: fingers
    z = -directions
    x = np.cross(np.array([0.0, -1, 0]), z)
    x /= np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-6)
    return np.stack([x, np.cross(z, x), z], 1)


def _random_rotations(rng: np.random.Generator, n: int) -> Float64:
    q = rng.standard_normal((n, 4))
    w, x, y, z = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    rows = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return np.stack(rows, -1).reshape(n, 3, 3)


def crop_cameras(joints_m: Float64, viewpoints: Viewpoints) -> tuple[Float64, Float64]:
    """R_crop_cam (B, 3, 3) and the focal length (B,) in crop widths of the app's crop around each hand.

    joints_m: (B, 21, 3) camera frame, before the camera. As
    `models.inference.landmark_runtime.crop_hand`, with the viewpoints' errors.
    """
    r = joints_m / joints_m[..., 2:]
    forward = r[:, [0, 5, 9, 13, 17]].mean(1)
    boxed = r[:, list(CROP_BOX_JOINTS)]
    for _ in range(2):
        z = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
        up = r[:, 9] - r[:, 0]
        up = up - z * (up * z).sum(-1, keepdims=True)
        y = -up / np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-9)
        R = np.stack([np.cross(y, z), y, z], 1)
        p = boxed @ R.transpose(0, 2, 1)
        xy = p[..., :2] / np.maximum(p[..., 2:], 0.1)
        low, high = xy.min(1), xy.max(1)
        side = np.maximum((high - low).max(1), 1e-3)
        middle = (low + high) / 2
        middle[:, 1] -= CROP_SHIFT * side
        forward = (R.transpose(0, 2, 1) @ _ahead(middle)[..., None])[..., 0]
    # Errors of position and roll: the axis moves, and the picture rotates about it.
    forward = (R.transpose(0, 2, 1) @ _ahead(viewpoints.shift * side[:, None])[..., None])[..., 0]
    z = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
    y = R[:, 1] - z * (R[:, 1] * z).sum(-1, keepdims=True)
    y /= np.linalg.norm(y, axis=-1, keepdims=True)
    R = _rotation_about(2, viewpoints.roll_rad) @ np.stack([np.cross(y, z), y, z], 1)
    return R, 1 / (side * CROP_SPAN * viewpoints.scale)


def _ahead(xy: Float64) -> Float64:
    return np.concatenate([xy, np.ones_like(xy[:, :1])], 1)
