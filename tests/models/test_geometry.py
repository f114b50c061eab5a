import cv2
import numpy as np
import pytest

from models import geometry as g
from models.types import Camera
from tests.models.measures import pa_mpjpe


def test_rays_undo_projection() -> None:
    camera = g.camera_from_fov(640, 480)
    points = np.random.default_rng(0).uniform([-0.2, -0.2, 0.3], [0.2, 0.2, 1.0], (50, 3))
    again = g.rays(g.project(points, camera), camera) * points[:, 2:]
    np.testing.assert_allclose(again, points, atol=1e-9)


def test_cross_is_numpys() -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 3))
    np.testing.assert_allclose(g.cross(a, b), np.cross(a, b))


def test_field_of_view_spans_the_diagonal() -> None:
    camera = g.camera_from_fov(640, 480, 65)
    corners = g.rays([[-0.5, -0.5], [639.5, 479.5]], camera)
    a, b = corners / np.linalg.norm(corners, axis=1, keepdims=True)
    assert np.degrees(np.arccos(a @ b)) == pytest.approx(65, abs=1e-6)


@pytest.mark.parametrize("axis_angle", [[0, 0, 0], [1e-10, 0, 0], [0.3, -1.2, 2.0], [np.pi, 0, 0]])
def test_rotations_are_rotations(axis_angle: list[float]) -> None:
    R = g.rotation_from_axis_angle(axis_angle)
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1)
    np.testing.assert_allclose(R @ axis_angle, axis_angle, atol=1e-12)


def test_procrustes_recovers_a_similarity_and_never_mirrors() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(21, 3))
    R = g.rotation_from_axis_angle([0.5, 1.0, -2.0])
    s, R_found, t = g.procrustes(X, 1.7 * X @ R.T + [1, 2, 3])
    assert s == pytest.approx(1.7)
    np.testing.assert_allclose(R_found, R, atol=1e-9)
    np.testing.assert_allclose(t, [1, 2, 3], atol=1e-9)
    assert np.linalg.det(g.procrustes(X, X * [-1, 1, 1])[1]) == pytest.approx(1)
    assert pa_mpjpe(X, 2 * X @ R.T) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("mirrored", [False, True])
def test_crop_looks_at_the_hand_with_the_middle_knuckle_up(mirrored: bool) -> None:
    camera = Camera(600, 600, 319.5, 239.5, 640, 480)
    joints = np.random.default_rng(2).uniform([450, 300], [600, 450], (21, 2))
    joints[0], joints[9] = [590, 440], [500, 350]
    virtual, R = g.crop_camera(camera, joints, 128, 1.8)
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[345:356, 495:506] = 255
    crop = g.warp_crop(frame, camera, virtual, R, mirrored)
    p = g.project(g.rays(joints, camera) @ crop.A.T, virtual)
    low, high = p.min(0), p.max(0)
    np.testing.assert_allclose((low + high) / 2, 63.5, atol=1.5)
    assert (high - low).max() * 1.8 == pytest.approx(128, abs=2)
    assert abs(p[9, 0] - p[0, 0]) < 0.05 * abs(p[9, 1] - p[0, 1])
    assert p[9, 1] < p[0, 1]
    lit = np.argwhere(crop.image_rgb[..., 0] > 127).mean(0)[::-1]
    np.testing.assert_allclose(lit, p[9], atol=0.6)
    np.testing.assert_allclose(g.crop_to_frame_px(p, crop, camera), joints, atol=1e-6)


def test_a_crop_can_be_shifted_towards_the_fingers_and_boxed_by_some_joints() -> None:
    camera = Camera(600, 600, 319.5, 239.5, 640, 480)
    joints = np.random.default_rng(2).uniform([300, 200], [400, 300], (21, 2))
    joints[0], joints[9] = [350, 310], [350, 240]
    palm = [0, 5, 9, 13, 17]
    virtual, R = g.crop_camera(camera, joints, 100, 2.0, shift=0.1, box_joints=palm)
    p = g.project(g.rays(joints[palm], camera) @ R.T, virtual)
    low, high = p.min(0), p.max(0)
    assert (high - low).max() == pytest.approx(50, abs=1)
    np.testing.assert_allclose((low + high) / 2, [49.5, 54.5], atol=1)


def test_a_scaled_camera_sees_the_same_rays() -> None:
    camera = Camera(500, 510, 320, 230, 640, 480)
    half = camera.scaled(320, 240)
    np.testing.assert_allclose(g.rays([[10.5, 20.5]], camera), g.rays([[5.0, 10.0]], half), atol=1e-12)


@pytest.mark.parametrize("middle", [(320, 240), (15, 460), (-300, 200), (-30, 240)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_crop_is_as_if_all_of_the_frame_were_resampled(middle: tuple[float, float], mirrored: bool) -> None:
    """A crop takes the part of the frame that it sees: amid it, in a corner, outside, at the border."""
    rng = np.random.default_rng(4)
    camera, frame = g.camera_from_fov(640, 480), rng.integers(0, 256, (480, 640, 3), np.uint8)
    virtual, R = g.crop_camera(camera, rng.uniform(-60, 60, (21, 2)) + middle, 224, 2.0)
    crop = g.warp_crop(frame, camera, virtual, R, mirrored)
    H = virtual.K @ crop.A @ np.linalg.inv(camera.K)
    expected = cv2.warpPerspective(frame, H, (224, 224), flags=cv2.INTER_LINEAR).astype(int)
    assert np.abs(crop.image_rgb - expected).max() <= 1
    assert crop.image_rgb.any() == (middle[0] > -100)


@pytest.mark.parametrize("middle", [(800, 600), (90, 1100)])
def test_a_fine_frame_is_averaged_down_without_moving(middle: tuple[float, float]) -> None:
    camera = g.camera_from_fov(1600, 1200)
    joints = np.random.default_rng(3).uniform(-250, 250, (21, 2)) + middle
    virtual, R = g.crop_camera(camera, joints, 96, 1.5)
    y, x = np.mgrid[:1200, :1600].astype(float)
    spot = 255 * np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (2 * 20.0**2))
    checks = np.where((x + y) % 2, 255, 0)  # the finest pattern there is: must come out grey, not as moire
    frame = np.stack([spot, checks, checks], -1).astype(np.uint8)
    crop = g.warp_crop(frame, camera, virtual, R, False)
    weight = crop.image_rgb[..., 0].astype(float)
    v, u = np.mgrid[:96, :96]
    found = np.array([(weight * u).sum(), (weight * v).sum()]) / weight.sum()
    expected = g.project(g.rays(middle, camera) @ R.T, virtual)
    np.testing.assert_allclose(found, expected, atol=0.25)
    inside = crop.image_rgb[..., 1][weight > 60]
    assert inside.std() < 12
