"""Synthetic crops: the labels are those of the picture, and one seed is one batch."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import torch

from models.geometry import crop_camera, project
from models.graphics import NoGraphics
from models.hand.hand_data import load_open_hand
from models.inference.landmark_runtime import CROP_BOX_JOINTS, CROP_SHIFT, CROP_SPAN
from models.training.synthetic.crops import SyntheticCrops
from models.training.synthetic.sampler import SyntheticHands
from models.types import Camera

N, SIZE = 24, 96


@pytest.fixture(scope="module")
def source() -> Iterator[SyntheticHands]:
    made = SyntheticHands(load_open_hand(), side_px=32, seed=3)
    try:
        made.batch(0, N)
    except NoGraphics as error:
        pytest.skip(f"needs EGL: {error}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def crops(source: SyntheticHands) -> SyntheticCrops:
    return source.crops(1, N, True, SIZE)


def shown(crops: SyntheticCrops) -> np.ndarray:
    return np.flatnonzero(crops.present & ~crops.mirrored)


def silhouette(vertices_px: np.ndarray, faces: np.ndarray) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    for triangle in np.round(vertices_px[faces] * 16).astype(np.int32):
        cv2.fillConvexPoly(mask, triangle, 1, shift=4)
    return mask.astype(bool)


def test_the_mask_is_the_projected_mesh_within_a_pixel(crops: SyntheticCrops) -> None:
    hand = load_open_hand()
    px = crops.projected(crops.vertices_m) * SIZE - 0.5
    for k in shown(crops):
        expected = silhouette(px[k], hand.faces)
        drawn = crops.mask[k] > 0.5
        grown = cv2.dilate(expected.astype(np.uint8), np.ones((3, 3))).astype(bool)
        shrunk = cv2.erode(expected.astype(np.uint8), np.ones((3, 3))).astype(bool)
        assert not (drawn & ~grown).sum() > 0.01 * expected.sum()
        assert (shrunk & ~drawn).sum() < 0.03 * expected.sum() + 0.25 * expected.sum() * hides_behind_arm(
            crops, k
        )


def hides_behind_arm(crops: SyntheticCrops, k: int) -> bool:
    """Whether the forearm comes nearer to the camera than the hand, so that it may cover some of it."""
    wrist, middle = crops.joints_m[k, 0], crops.joints_m[k, 9]
    return bool(middle[2] > wrist[2] - 0.02)


def test_depth_and_parts_are_the_mesh_s(crops: SyntheticCrops) -> None:
    hand = load_open_hand()
    assert crops.depth_m is not None
    assert crops.parts is not None
    errors, agree = [], []
    for k in shown(crops):
        v = crops.vertices_m[k]
        a, b, c = v[hand.faces].transpose(1, 0, 2)
        normals, centre = np.cross(b - a, c - a), (a + b + c) / 3
        facing = (normals * centre).sum(1) < -0.8 * np.linalg.norm(normals, axis=1) * np.linalg.norm(
            centre, axis=1
        )
        px = np.round((centre[:, :2] / centre[:, 2:] * crops.focal[k] + 0.5) * SIZE - 0.5).astype(int)
        inside = facing & (px >= 1).all(1) & (px < SIZE - 1).all(1)
        x, y = px[inside].T
        z = crops.depth_m[k, y, x]
        front = np.abs(z - centre[inside, 2]) < 0.008  # the rest lies behind another finger
        errors.append((z - centre[inside, 2])[front])
        one = (hand.regions[hand.faces] == hand.regions[hand.faces][:, :1]).all(1)[inside] & front
        agree.append(crops.parts[k, y, x][one] == hand.regions[hand.faces[inside][one, 0]] + 1)
    assert np.abs(np.median(np.concatenate(errors))) < 0.0005
    assert np.median(np.abs(np.concatenate(errors))) < 0.001
    assert np.concatenate(agree).mean() > 0.97


def test_one_seed_is_one_batch_and_another_is_another(source: SyntheticHands) -> None:
    first, other, again = (source.batch(k, N) for k in (5, 6, 5))
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.labels.vertices_m, again.labels.vertices_m)
    assert not torch.equal(first.labels.vertices_m, other.labels.vertices_m)


def test_the_size_changes_nothing_but_the_size(source: SyntheticHands) -> None:
    small, large = (source.crops(5, N, side_px=side).batch() for side in (48, 96))
    assert torch.equal(small.labels.joints_2d, large.labels.joints_2d)
    assert torch.equal(small.presence, large.presence)
    assert large.images.shape == (N, 3, 96, 96)


def test_labels_are_root_relative_and_none_are_trusted_without_a_right_hand(source: SyntheticHands) -> None:
    seen = [source.batch(k, N) for k in range(8)]
    for batch in seen:
        assert batch.labels.joints_m[:, 0].abs().max() < 1e-6
        unknown = (batch.presence == 0) | (batch.right == 0)
        for weight in vars(batch.weights).values():
            assert torch.equal(weight, (~unknown).float())
        assert batch.labels.mask[unknown].abs().max() == 0 if unknown.any() else True
        assert 0 <= batch.images.min() <= batch.images.max() <= 1
    hands = torch.cat([b.presence for b in seen])
    left = torch.cat([b.right for b in seen]) == 0
    assert 0.80 < hands.mean() < 0.98
    assert 0 < left.float().mean() < 0.12


def test_crops_are_the_app_s_up_to_the_errors_of_a_tracker(crops: SyntheticCrops) -> None:
    """The app's crop camera, made from the same joints, differs by the errors drawn and no more."""
    for k in shown(crops):
        f = float(crops.focal[k])
        own = Camera(f, f, 0, 0, 1, 1)
        app, R = crop_camera(own, project(crops.joints_m[k], own), 1, CROP_SPAN, CROP_SHIFT, CROP_BOX_JOINTS)
        assert 0.8 < app.fx / f < 1.3
        roll = np.degrees(np.arctan2(R[0, 1], R[0, 0]))
        assert abs(roll) < 33
        off = np.abs(R[2, :2] / R[2, 2]) * f  # crop widths
        assert off.max() < 0.2


def test_a_folder_without_pictures_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="holds no"):
        SyntheticHands(load_open_hand(), side_px=32, backgrounds=tmp_path)


def test_what_hides_a_hand_changes_what_is_visible_and_no_label(source: SyntheticHands) -> None:
    hidden = 0
    for number in range(3):
        crops = source.crops(number, N, True, SIZE)
        assert crops.visible is not None
        assert crops.parts is not None
        assert (crops.visible <= crops.mask + 0.01).all()
        assert ((crops.parts > 0) == (crops.mask > 0.4))[crops.mask != 0.5].all()
        hidden += int(((crops.mask > 0.9) & (crops.visible < 0.1)).sum())
        assert crops.mask[~crops.present].max(initial=0) == 0
    assert hidden > 50
