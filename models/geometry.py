"""Projection, virtual crop cameras, rotations, Procrustes. Plain NumPy, float64 inside, no state."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.types import Camera, Crop, Float64

DEFAULT_FOV_DEG = 65.0
"""Diagonal field of view taken for a camera of which nothing is known, degrees: a common webcam's."""
TYPICAL_FOCAL = 2.3
"""Of a hand's crop whose camera is not known, in crop widths: a hand at arm's length."""


def camera_from_fov(width: int, height: int, fov_diagonal_deg: float = DEFAULT_FOV_DEG) -> Camera:
    """A camera with square pixels, the principal point in the middle and the given diagonal field of view."""
    if not 5.0 <= fov_diagonal_deg <= 170.0:
        raise ValueError(f"field of view: expected 5 to 170 degrees, got {fov_diagonal_deg}")
    f = 0.5 * float(np.hypot(width, height)) / float(np.tan(np.radians(fov_diagonal_deg) / 2))
    return Camera(f, f, (width - 1) / 2, (height - 1) / 2, width, height)


def project(points_m: ArrayLike, camera: Camera) -> Float64:
    """(..., 3) points of the camera frame, z > 0 -> (..., 2) pixels."""
    p = np.asarray(points_m, np.float64)
    return p[..., :2] / p[..., 2:] * [camera.fx, camera.fy] + [camera.cx, camera.cy]


def rays(points_px: ArrayLike, camera: Camera) -> Float64:
    """(..., 2) pixels -> (..., 3) points of their camera rays at depth z = 1."""
    px = np.asarray(points_px, np.float64)
    out = np.ones((*px.shape[:-1], 3))
    out[..., 0], out[..., 1] = (px[..., 0] - camera.cx) / camera.fx, (px[..., 1] - camera.cy) / camera.fy
    return out


def rotation_from_axis_angle(axis_angle: ArrayLike) -> Float64:
    """(..., 3) axis-angle, radians -> (..., 3, 3) rotations (Rodrigues)."""
    a = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(a, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(a, -1, 0)
    o = np.zeros_like(x)
    K = np.stack([o, -z, y, z, o, -x, -y, x, o], -1).reshape(*a.shape[:-1], 3, 3)
    small = angle < 1e-8
    safe = np.where(small, 1.0, angle)
    s = np.where(small, 1.0, np.sin(safe) / safe)
    c = np.where(small, 0.5, (1 - np.cos(safe)) / safe**2)
    return np.eye(3) + s * K + c * (K @ K)


def axis_angle_from_rotation(rotations: ArrayLike) -> Float64:
    """(N, 3, 3) rotations by less than half a turn -> (N, 3) axis-angle; SciPy's takes ten times as long."""
    R = np.asarray(rotations, np.float64)
    angle = np.arccos(((np.trace(R, axis1=1, axis2=2) - 1) / 2).clip(-1, 1))
    axis = np.stack([R[:, 2, 1] - R[:, 1, 2], R[:, 0, 2] - R[:, 2, 0], R[:, 1, 0] - R[:, 0, 1]], 1)
    return np.asarray(axis / (2 * np.sinc(angle / np.pi))[:, None].clip(1e-3))


def rotation_from_6d(columns: ArrayLike) -> Float64:
    """(N, 6), two columns of each rotation -> (N, 3, 3), made orthonormal (Zhou et al., CVPR 2019)."""
    a, b = np.asarray(columns, np.float64).reshape(-1, 2, 3).transpose(1, 2, 0)
    axes = np.empty((3, *a.shape))
    x, y, z = axes
    np.divide(a, np.maximum(np.sqrt((a * a).sum(0)), 1e-12), out=x)
    np.subtract(b, (x * b).sum(0) * x, out=y)
    y /= np.maximum(np.sqrt((y * y).sum(0)), 1e-12)
    z[0], z[1], z[2] = x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]
    return axes.transpose(2, 1, 0)


def blended_rotations(last: ArrayLike, now: ArrayLike, weight: float) -> Float64:
    """Between rotations (N, 3, 3), not far apart: weight 0 is the last ones, 1 the present ones."""
    R0, R = np.asarray(last, np.float64), np.asarray(now, np.float64)
    return rotation_from_6d((R0 + weight * (R - R0))[:, :, :2].transpose(0, 2, 1))


def cross(a: Float64, b: Float64) -> Float64:
    """(3,) x (3,) -> (3,). For a single pair, NumPy's own takes ten times as long."""
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def procrustes(source: ArrayLike, target: ArrayLike, scale: bool = True) -> tuple[float, Float64, Float64]:
    """Similarity (s, R, t) that best maps source (N, 3) onto target (N, 3): target ~ s * source @ R.T + t.

    Umeyama 1991; a proper rotation, never a mirror. With `scale=False`, s = 1.
    """
    X, Y = np.asarray(source, np.float64), np.asarray(target, np.float64)
    mx, my = X.mean(0), Y.mean(0)
    X0, Y0 = X - mx, Y - my
    U, S, Vt = np.linalg.svd(Y0.T @ X0)
    D = np.diag([1.0, 1.0, np.sign(np.linalg.det(U @ Vt))])
    R = U @ D @ Vt
    s = float(np.trace(np.diag(S) @ D) / max((X0**2).sum(), 1e-20)) if scale else 1.0
    return s, R, my - s * R @ mx


def crop_camera(
    camera: Camera,
    joints_px: ArrayLike,
    size: int,
    span: float,
    shift: float = 0.0,
    box_joints: Sequence[int] | None = None,
) -> tuple[Camera, Float64]:
    """The virtual camera that looks at a hand: its intrinsics and R_crop_cam (3, 3).

    Same centre as the real camera, turned so that the middle of the joints' box is on its axis, rolled so
    that wrist -> middle knuckle points up, with a focal length at which the crop is `span` joint boxes wide.

    joints_px: (21, 2) in the frame. size: the crop's side, pixels. shift: how far the crop is moved towards
    the fingers, in joint boxes. box_joints: the joints whose box counts; all of them by default.
    """
    r = rays(joints_px, camera)
    boxed = r if box_joints is None else r[list(box_joints)]
    # Single vectors are plain numbers here: each call of NumPy costs as much as ten of their sums.
    fx, fy, fz = r[[0, 5, 9, 13, 17]].mean(0).tolist()
    (wx, wy, _), (kx, ky, _) = r[0].tolist(), r[9].tolist()
    for _ in range(2):  # the box is measured in the virtual picture, so its middle moves once the axis does
        n = math.sqrt(fx * fx + fy * fy + fz * fz)
        zx, zy, zz = fx / n, fy / n, fz / n
        ux, uy = kx - wx, ky - wy  # towards the middle knuckle
        along = ux * zx + uy * zy
        ux, uy, uz = ux - along * zx, uy - along * zy, -along * zz
        n = math.sqrt(ux * ux + uy * uy + uz * uz)
        if n <= 1e-9:
            ux, uy, uz = 0.0, -zz, zy  # any direction across the axis
            n = math.sqrt(uy * uy + uz * uz)
        yx, yy, yz = -ux / n, -uy / n, -uz / n
        xx, xy, xz = yy * zz - yz * zy, yz * zx - yx * zz, yx * zy - yy * zx
        R = np.array([[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]])
        p = boxed @ R.T
        seen = p[:, :2] / np.maximum(p[:, 2:], 0.1)
        (left, top), (right, bottom) = seen.min(0).tolist(), seen.max(0).tolist()
        side = max(right - left, bottom - top, 1e-3)
        a, b = (left + right) / 2, (top + bottom) / 2 - shift * side
        fx, fy, fz = a * xx + b * yx + zx, a * xy + b * yy + zy, a * xz + b * yz + zz
    f = size / (side * span)
    return Camera(f, f, (size - 1) / 2, (size - 1) / 2, size, size), R


def warp_crop(
    frame_rgb: NDArray[np.uint8], camera: Camera, crop: Camera, R_crop_cam: Float64, mirrored: bool
) -> Crop:
    """Resample the frame (H, W, 3) as the virtual camera sees it; black outside the frame.

    A frame more than twice as fine as the crop is first averaged down around the hand, against aliasing.
    """
    A = R_crop_cam * [[-1.0], [1], [1]] if mirrored else R_crop_cam
    H = _frame_from_crop(camera, A, crop)
    halvings = max(math.floor(math.log2(camera.fx / crop.fx)), 0)
    window = _window(H, crop, camera, 2**halvings)
    if window is None:
        halvings = 0
    else:
        x, y, w, h = window
        frame_rgb, unit = frame_rgb[y : y + h, x : x + w], 2**halvings
        u, v = ((0.5 - low) / unit - 0.5 for low in (x, y))
        H = np.array([[1 / unit, 0, u], [0, 1 / unit, v], [0, 0, 1]]) @ H
    # OpenCV looks between pixels of four channels in half the time that three take, and sees the same.
    of_four = cv2.cvtColor(frame_rgb, cv2.COLOR_RGB2RGBA)
    for _ in range(halvings):  # OpenCV halves six times faster than it divides by another number
        w, h = w // 2, h // 2
        of_four = cv2.resize(of_four, (w, h), interpolation=cv2.INTER_AREA)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    of_four = cv2.warpPerspective(of_four, H, (crop.width, crop.height), flags=flags)
    return Crop(np.asarray(cv2.cvtColor(of_four, cv2.COLOR_RGBA2RGB), np.uint8), crop, R_crop_cam, mirrored)


def _window(H: Float64, crop: Camera, camera: Camera, unit: int) -> tuple[int, int, int, int] | None:
    """x, y, width and height of the part of the frame that the crop sees, in whole units of pixels.

    H: (3, 3) pixels of the crop -> of the frame. None: the crop looks too far aside for that, or past it.
    """
    (a, b, c), (d, e, f), (g, h, i) = H.tolist()
    xs, ys = [], []
    for x, y in itertools.product((0, crop.width - 1), (0, crop.height - 1)):
        depth = g * x + h * y + i
        if depth < 0.1:  # more than about 84 degrees off the axis
            return None
        xs.append((a * x + b * y + c) / depth)
        ys.append((d * x + e * y + f) / depth)
    left, top = (max(math.floor(min(p)) - 2 * unit, 0) for p in (xs, ys))
    right, bottom = math.ceil(max(xs)) + 2 * unit, math.ceil(max(ys)) + 2 * unit
    w, h = (n // unit * unit for n in (min(right, camera.width) - left, min(bottom, camera.height) - top))
    return (left, top, w, h) if min(w, h) > 0 else None


def crop_to_frame_px(points_px: ArrayLike, crop: Crop, camera: Camera) -> Float64:
    """(N, 2) pixels of the crop -> (N, 2) pixels of the frame, through the two cameras' common centre."""
    H = _frame_from_crop(camera, crop.A, crop.camera)
    p = np.asarray(points_px, np.float64) @ H[:, :2].T + H[:, 2]
    return p[:, :2] / p[:, 2:]


def _frame_from_crop(camera: Camera, A: Float64, crop: Camera) -> Float64:
    """(3, 3) pixels of a crop's camera -> of the frame's. A: as `Crop.A`."""
    rays_of = [[1 / crop.fx, 0, -crop.cx / crop.fx], [0, 1 / crop.fy, -crop.cy / crop.fy], [0, 0, 1]]
    return np.asarray(camera.K @ A.T @ np.array(rays_of))
