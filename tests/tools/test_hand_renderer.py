from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.geometry import camera_from_fov, project
from models.graphics import NoGraphics
from models.hand.hand_data import TIPS_IN_21, load_open_hand
from models.training.synthetic.lighting import (
    Light,
    light_from_panorama,
    panorama_directions,
    spread_directions,
)
from tools.clip.hand_renderer import PART_FOREARM, PART_SLEEVE, HandRenderer, Layer, Skin
from tools.clip.photo import CameraResponse, apply_response, mean_layer, to_linear, to_srgb

CAMERA = camera_from_fov(320, 240)
WRIST = np.array([0.0, 0.10, 0.42])
ELBOW = np.array([-0.05, 0.45, 0.50])
BARE = Skin(sleeve_rgb=None)
KEY_ONLY = Light(
    np.zeros((0, 3)), np.zeros((0, 3)), np.array([0.0, -0.6, -0.8]), np.array([0.8, 0.8, 0.8]), 0.05
)


@pytest.fixture(scope="module")
def renderer() -> Iterator[HandRenderer]:
    try:
        made = HandRenderer(load_open_hand())
    except NoGraphics as error:
        pytest.skip(f"needs EGL: {error}")
    yield made
    made.close()


def lamps(n: int = 16) -> Light:
    return Light(spread_directions(n), np.full((n, 3), 4.0 / n), KEY_ONLY.key_direction, KEY_ONLY.key_rgb)


def shot(renderer: HandRenderer, skin: Skin = BARE, light: Light | None = None) -> Layer:
    vertices = load_open_hand().template_m + WRIST
    return renderer.render(vertices, np.eye(3), ELBOW, CAMERA, skin, light or lamps())


def silhouette(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    mask = np.zeros((CAMERA.height, CAMERA.width), np.uint8)
    for triangle in np.round(project(vertices, CAMERA)[faces] * 16).astype(np.int32):
        cv2.fillConvexPoly(mask, triangle, 1, shift=4)
    return mask.astype(bool)


def test_mask_is_the_projected_silhouette_within_a_pixel(renderer: HandRenderer) -> None:
    vertices = load_open_hand().template_m + WRIST
    expected = silhouette(vertices, load_open_hand().faces)
    seen = shot(renderer)
    drawn = (seen.parts >= 0) & (seen.parts < PART_FOREARM)
    wrist_row = int(project(vertices, CAMERA)[:, 1].max()) - 12  # below, the forearm is counted apart
    grown = cv2.dilate(expected.astype(np.uint8), np.ones((3, 3))).astype(bool)
    shrunk = cv2.erode(expected.astype(np.uint8), np.ones((3, 3))).astype(bool)
    assert not (drawn & ~grown)[:wrist_row].any()
    assert not (shrunk & ~drawn)[:wrist_row].any()


def test_mask_and_parts_agree_and_the_arm_reaches_the_picture_s_edge(renderer: HandRenderer) -> None:
    seen = shot(renderer)
    assert ((seen.mask > 0.99) <= (seen.parts >= 0)).all()
    assert seen.mask[-1].max() > 0.99
    assert set(np.unique(seen.parts)) == {-1, 0, 1, 2, 3, 4, 5, PART_FOREARM}
    raised = load_open_hand().template_m + WRIST - [0, 0.08, 0]
    sleeved = renderer.render(raised, np.eye(3), ELBOW, CAMERA, Skin(), lamps())
    assert (sleeved.parts == PART_SLEEVE).sum() > 100


def test_depth_is_the_surface_s(renderer: HandRenderer) -> None:
    hand = load_open_hand()
    vertices = hand.template_m + WRIST
    seen = shot(renderer)
    a, b, c = vertices[hand.faces].transpose(1, 0, 2)
    normals = np.cross(b - a, c - a)
    flat = normals[:, 2] < -0.9 * np.linalg.norm(normals, axis=1)
    palm = flat & (hand.regions[hand.faces] == 0).all(1)
    centres = vertices[hand.faces[palm]].mean(1)
    px = np.round(project(centres, CAMERA)).astype(int)
    difference = np.abs(seen.depth_m[px[:, 1], px[:, 0]] - centres[:, 2])
    assert palm.sum() > 50
    assert np.median(difference) < 0.0005
    assert np.percentile(difference, 90) < 0.002
    assert np.isinf(seen.depth_m[seen.parts < 0]).all()


def test_a_farther_hand_is_farther_by_as_much(renderer: HandRenderer) -> None:
    near = shot(renderer)
    vertices = load_open_hand().template_m + WRIST + [0, 0, 0.1]
    far = renderer.render(vertices, np.eye(3), ELBOW + np.array([0, 0, 0.1]), CAMERA, BARE, lamps())
    both = np.isfinite(near.depth_m) & np.isfinite(far.depth_m)
    assert abs(float(far.depth_m[far.parts == 0].mean() - near.depth_m[near.parts == 0].mean()) - 0.1) < 0.005
    assert both.any()
    assert far.mask.sum() < near.mask.sum()


def test_the_same_call_gives_the_same_picture(renderer: HandRenderer) -> None:
    first, second = shot(renderer), shot(renderer)
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(first.depth_m, second.depth_m)


def test_fingers_shade_the_palm(renderer: HandRenderer) -> None:
    """Light from above: fingers bent at the knuckles throw their shadow on the palm."""
    from models.hand.joint_limits import anatomical_frames, angles_to_rotations
    from models.hand.skinning import pose_hand

    hand = load_open_hand()
    angles = np.zeros((15, 3))
    angles[[3, 6, 9, 12], 0] = np.radians(60)
    curled = np.concatenate([np.eye(3)[None], angles_to_rotations(angles, anatomical_frames(hand))])
    vertices, _ = pose_hand(hand, curled, np.zeros(10), WRIST)
    light = replace(KEY_ONLY, key_direction=np.array([0.0, -0.9, -0.44]))
    opened, closed = (
        renderer.render(v, np.eye(3), ELBOW, CAMERA, BARE, light) for v in (hand.template_m + WRIST, vertices)
    )
    palm = (opened.parts == 0) & (closed.parts == 0)
    ratio = closed.rgb[palm].mean(-1) / opened.rgb[palm].mean(-1)
    assert (ratio < 0.5).mean() > 0.1  # the shaded part
    assert (ratio > 0.9).mean() > 0.04  # the rest is lit as before


def test_more_melanin_is_darker_and_the_palm_is_lighter_than_the_back(renderer: HandRenderer) -> None:
    pale, dark = (shot(renderer, replace(BARE, melanin=m)) for m in (0.1, 1.5))
    assert dark.rgb.sum() < 0.6 * pale.rgb.sum()
    maps = renderer.maps
    middle = (maps.palm.shape[0] // 2, maps.palm.shape[1] // 2)
    around = (slice(middle[0] - 60, middle[0] + 60), slice(middle[1] - 40, middle[1] + 40))
    assert maps.palm[around][..., 0].mean() < 0.85 * maps.back[around][..., 0].mean()


def test_five_nails_on_the_back_and_none_in_the_palm(renderer: HandRenderer) -> None:
    hand, maps = load_open_hand(), renderer.maps
    x, y, width, height = maps.window
    rows, columns = maps.back.shape[:2]
    tips = (hand.regressor_21_mano @ hand.template_m)[TIPS_IN_21, :2]
    at = ((tips - [x, y]) / [width, height] * [columns, rows]).astype(int)
    for column, row in at:
        around = (slice(max(row - 20, 0), row + 60), slice(max(column - 30, 0), column + 30))
        assert maps.back[around][..., 3].max() > 0.9
    assert maps.palm[rows // 2 :, :, 3].max() < 0.5


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="odd"):
        HandRenderer(load_open_hand(), supersampling=2)
    with pytest.raises(ValueError, match="lamps"):
        Light(np.zeros((2, 3)), np.zeros((3, 3)), np.array([0, 0, -1.0]), np.ones(3))


def test_a_hand_behind_the_camera_is_refused(renderer: HandRenderer) -> None:
    vertices = load_open_hand().template_m - np.array([0, 0, 1])
    with pytest.raises(ValueError, match="before the camera"):
        renderer.render(vertices, np.eye(3), ELBOW, CAMERA, BARE, lamps())


def test_a_panorama_keeps_its_energy_and_its_side() -> None:
    white = light_from_panorama(np.ones((32, 64, 3)), 0, (0, 0, -1), (0, 0, 0), n_lamps=40)
    np.testing.assert_allclose(white.lamp_rgb.sum(0), 4, rtol=0.01)  # 4 pi over pi
    right = np.zeros((32, 64, 3))
    right[:, 40:56] = 1  # a quarter turn to the right of the middle
    lit = light_from_panorama(right, 0, (0, 0, -1), (0, 0, 0), n_lamps=40)
    mean = (lit.lamp_directions * lit.lamp_rgb[:, :1]).sum(0)
    assert mean[0] > 5 * max(abs(mean[1]), abs(mean[2]))
    np.testing.assert_allclose(panorama_directions(32, 64)[16, 32], [0, 0, 1], atol=0.12)


def test_developing_keeps_the_background_and_lays_the_hand_over_it() -> None:
    rng = np.random.default_rng(0)
    background = rng.integers(0, 255, (8, 10, 3), np.uint8)
    rgb, mask = np.zeros((8, 10, 3), np.float32), np.zeros((8, 10), np.float32)
    rgb[2:4, 2:4], mask[2:4, 2:4] = [0.2, 0.1, 0.05], 1
    layer = Layer(rgb, mask, np.full((8, 10), np.inf, np.float32), np.full((8, 10), -1, np.int8))
    shown = apply_response(layer, background, CameraResponse(lens_blur_px=0, noise=0), rng)
    np.testing.assert_allclose(shown[5:], background[5:], atol=1)
    np.testing.assert_allclose(to_linear(shown)[2, 2], [0.2, 0.1, 0.05], atol=0.01)
    with pytest.raises(ValueError, match="background"):
        apply_response(layer, background[:4], CameraResponse(), rng)
    half = mean_layer([layer, Layer(rgb * 0, mask * 0, layer.depth_m, layer.parts)])
    assert half.mask[2, 2] == pytest.approx(0.5)
    np.testing.assert_allclose(to_srgb(to_linear(background)) * 255, background, atol=0.6)
