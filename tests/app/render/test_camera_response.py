"""A layer looks as if the same camera had taken it: softness, noise, motion blur."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.render.blend import trimmed
from app.render.camera_response import (
    SHUTTER,
    CameraResponse,
    apply_response,
    edge_blur,
    margin_px,
    motion_blur_kernel,
    noise_level,
)
from app.render.motion import ScreenMotion
from app.render.scene import Geometry, Metal, Prop, RingMount
from app.render.viewport import Viewport
from models.geometry import camera_from_fov, project

CAMERA = camera_from_fov(640, 480)
TRIANGLE = Geometry(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))


def step_edges(blur_px: float, size: int = 160) -> np.ndarray:
    """(size, size) a dark disc on grey, blurred."""
    fine = np.full((4 * size, 4 * size), 180, np.float32)
    cv2.circle(fine, (2 * size, 2 * size), size, 60, cv2.FILLED)
    return cv2.GaussianBlur(cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA), (0, 0), blur_px)


@pytest.mark.parametrize("blur_px", [0.6, 1.0, 1.5])
def test_blur_of_edges_is_measured(blur_px):
    true_px = np.hypot(blur_px, 0.29)  # a pixel averages over its square
    assert edge_blur(step_edges(blur_px)) == pytest.approx(true_px, rel=0.2)


def test_a_picture_without_edges_tells_nothing():
    assert edge_blur(np.full((80, 80), 120, np.float32)) is None


@pytest.mark.parametrize("sigma", [0.0, 1.0, 4.0])
def test_noise_is_measured_beside_edges(sigma):
    rng = np.random.default_rng(0)
    assert noise_level(
        step_edges(1.0) + rng.normal(0, sigma, (160, 160)).astype(np.float32)
    ) == pytest.approx(sigma, abs=0.1 + 0.1 * sigma)


def test_the_estimate_is_steady_and_slow_to_believe_in_softness():
    response = CameraResponse()
    sharp, soft = (np.repeat(step_edges(b)[..., None], 3, 2).astype(np.uint8) for b in (0.6, 1.4))
    response.update(sharp, 0.0)
    before = response.blur_px
    response.update(soft, 0.05)  # too soon to look again
    assert response.blur_px == before
    response.update(soft, 0.2)
    assert before < response.blur_px < before + 0.1
    response.update(np.zeros((4, 4, 3), np.uint8), 0.5)  # hardly any picture
    for k in range(100):
        response.update(soft, 1 + 0.15 * k)
    assert response.blur_px > 1.1


def test_smears_keep_light_and_have_their_length():
    assert motion_blur_kernel(np.array([0.3, 0.3])) is None
    for motion in ([6.0, 0.0], [-3.0, 4.0], [400.0, 0.0]):
        kernel = motion_blur_kernel(np.array(motion))
        assert kernel.sum() == pytest.approx(1)
        y, x = np.nonzero(kernel > 1e-4)
        assert np.hypot(np.ptp(x), np.ptp(y)) == pytest.approx(min(np.hypot(*motion), 16), abs=2)
        assert len(kernel) // 2 <= margin_px(0.5, np.array(motion))


def test_developed_layers_stay_premultiplied_and_lose_no_light():
    layer = np.zeros((60, 60, 4), np.uint8)
    layer[20:40, 20:40] = (200, 150, 60, 255)
    out = apply_response(layer, 1.0, np.array([5.0, 0]), 3.0, 1.7)
    assert (out[..., :3] <= out[..., 3:]).all()
    assert out[..., 3].sum() == pytest.approx(layer[..., 3].sum(), rel=0.01)
    assert out[30, 30, :3].tolist() != [200, 150, 60]  # noise
    inside = out[24:36, 26:34, :3].astype(float)
    assert 1.5 < inside.std(axis=(0, 1)).mean() < 5
    np.testing.assert_array_equal(out, apply_response(layer, 1.0, np.array([5.0, 0]), 3.0, 1.7))
    assert (out != apply_response(layer, 1.0, np.array([5.0, 0]), 3.0, 1.75)).any()  # noise moves
    assert not out[:10].any()


def moved_ring(x: float, track_id: int = 1) -> Prop:
    pose = np.eye(4)
    pose[:3, 3] = [x, 0, 0.4]
    return Prop(TRIANGLE, pose, Metal((1, 1, 1), 0.1), RingMount(track_id, 4, 0.009, 0.011, 0.002))


def test_smear_follows_the_ring_over_the_picture():
    motion = ScreenMotion()
    assert not motion.motion_px([moved_ring(0)], CAMERA, 0.0).any()
    moved = motion.motion_px([moved_ring(0.01)], CAMERA, 1 / 30)
    a, b = (project(np.array([x, 0, 0.4]), CAMERA) for x in (0, 0.01))
    np.testing.assert_allclose(moved, SHUTTER * (b - a))
    assert not motion.motion_px(
        [moved_ring(0.01), moved_ring(0.1, 2)], CAMERA, 2 / 30
    ).any()  # one stands still
    assert not motion.motion_px([moved_ring(0.2)], CAMERA, 3.0).any()  # after a pause
    assert not motion.motion_px([], CAMERA, 3.1).any()


def test_frames_left_out_do_not_lengthen_the_exposure():
    moves = []
    for frames in (1, 3):
        motion = ScreenMotion()
        motion.motion_px([moved_ring(0)], CAMERA, 0.0)
        moves.append(motion.motion_px([moved_ring(0.01 * frames)], CAMERA, frames / 30))
    np.testing.assert_allclose(moves[1], moves[0])


def test_a_layer_is_cut_to_what_is_drawn_and_a_margin():
    viewport = Viewport(40, 30, 200, 100, 1)
    rgba = np.zeros((100, 200, 4), np.uint8)
    rgba[50:60, 190:200] = 80
    part, cut = trimmed(viewport, rgba, 5)
    assert (part.x, part.y, part.width, part.height) == (40 + 185, 30 + 45, 15, 20)
    assert cut.shape == (20, 15, 4)
    assert cut.sum() == rgba.sum()
    part, cut = trimmed(viewport, np.zeros_like(rgba), 5)
    assert (part.width, part.height) == cut.shape[1::-1] == (1, 1)


def test_grain_reaches_all_over_a_large_layer():
    rgba = np.full((1100, 1300, 4), 128, np.uint8)
    rgba[..., 3] = 255
    noisy = apply_response(rgba, 0.5, np.zeros(2), 4.0, 12.34)[..., 0].astype(np.float64)
    for corner in (noisy[:64, :64], noisy[-64:, -64:]):
        assert 3 < corner.std() < 5
