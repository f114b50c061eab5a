"""Real hands as a source: labels stay on the hand through every cut, the same number gives the same batch."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from models.datasets.real_crops import read_real_crops
from models.geometry import project
from models.hand.hand_data import load_open_hand
from models.training.real.label_files import (
    RealLabels,
    crop_camera_of,
    read_labels,
    vertices_of,
    write_labels,
)
from models.training.real.photo import AugmentConfig, PhotoAugmenter
from models.training.real.source import RealConfig, RealHands, label_weights

HAND = load_open_hand()
N = 24
CAMERA = crop_camera_of(224, 224)
PLAIN = AugmentConfig(0, 0, 0, grey=0, low_resolution=0, blur=0, noise=0, jpeg=0, occluder=0)
ALL_HANDS = RealConfig(no_hand=0, left=0)


def made_labels(names: np.ndarray) -> RealLabels:
    """Straight hands before the camera, all agreed upon."""
    rng = np.random.default_rng(0)
    root = np.column_stack(
        [rng.uniform(-0.02, 0.02, N), rng.uniform(0.04, 0.08, N), rng.uniform(0.7, 0.8, N)]
    )
    zeros = np.zeros(N, np.float32)
    pose = np.zeros((N, 16, 3), np.float32)
    pose[:, 0] = rng.normal(0, 0.2, (N, 3))
    return RealLabels(
        names, np.zeros((N, 21, 2), np.float32), pose, np.zeros((N, 10), np.float32), root.astype(np.float32),
        zeros + 1, zeros, zeros, zeros, zeros,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crops of black, white where each joint is; every second hand is a left one."""
    path = tmp_path_factory.mktemp("crops")
    names = np.array([f"{k:05d}.jpg" for k in range(N)])
    side = np.array([("right", "left")[k % 2] for k in range(N)])
    columns = {
        "image": names, "source": np.repeat("one", N), "origin": np.array([f"{k}.jpg" for k in range(N)]),
        "side": side, "joints_2d": np.zeros((N, 21, 2)), "joints_world": np.zeros((N, 21, 3)),
    }  # fmt: skip
    np.savez(path / "labels.npz", **columns)
    labels, crops = made_labels(names), read_real_crops(path)
    joints_px = project(HAND.regressor_21 @ vertices_of(labels, crops, HAND), CAMERA)
    for name, points in zip(names, joints_px, strict=True):
        picture = np.zeros((224, 224, 3), np.uint8)
        for x, y in np.round(points * 16).astype(int).tolist():
            cv2.circle(picture, (x, y), 2 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
        cv2.imwrite(str(path / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 100])
    write_labels(replace(labels, joints_px=joints_px.astype(np.float32)), path / "made.npz")
    return path


def source(folder: Path, size: int = 160, **options: object) -> RealHands:
    return RealHands(folder, folder / "made.npz", HAND, size, 7, **options)  # type: ignore[arg-type]


def test_joints_and_mesh_lie_on_the_picture_in_every_view(folder: Path) -> None:
    batch = source(folder, config=ALL_HANDS, photo=PLAIN).batch(3, 32)
    at = torch.round(batch.labels.joints_2d * 160 - 0.5).long()
    light = batch.images.mean(1)[torch.arange(32)[:, None], at[..., 1], at[..., 0]]
    assert light.median() > 0.8
    assert light.quantile(0.05) > 0.4
    seen = torch.from_numpy(HAND.regressor_21.copy()) @ batch.labels.vertices_2d
    assert (seen - batch.labels.joints_2d).abs().max() < 0.02  # perspective, and rounding of JPEGs apart
    assert float(batch.weights.joints_2d.min()) == float(batch.weights.mesh.min()) == 1
    assert float(batch.weights.mask.max()) == 0


def test_hands_are_right_ones_from_the_wrist(folder: Path) -> None:
    batch = source(folder, config=ALL_HANDS).batch(0, 32)
    joints = batch.labels.joints_m
    assert float(joints[:, 0].abs().max()) == 0
    found = torch.from_numpy(HAND.regressor_21.copy()) @ batch.labels.vertices_m
    torch.testing.assert_close(found, joints, atol=1e-5, rtol=0)
    fingers, thumb = joints[:, 9], joints[:, 5] - joints[:, 17]
    out = torch.linalg.cross(fingers, thumb)
    flat = torch.from_numpy((HAND.regressor_21 @ HAND.template_m).astype(np.float32))
    side = torch.linalg.cross(flat[9] - flat[0], flat[5] - flat[17])[2].sign()
    assert bool((out[:, 2].sign() == side).all())  # seen from the same side as the model, none mirrored
    assert bool((joints[:, 9, 1] < -0.05).all())  # fingers up, as the app rolls its crops


def test_the_same_number_gives_the_same_batch(folder: Path) -> None:
    first, again = source(folder).batch(5, 6), source(folder).batch(5, 6)
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.labels.vertices_2d, again.labels.vertices_2d)
    assert not torch.equal(first.images, source(folder).batch(6, 6).images)


def test_some_samples_show_no_hand_or_a_left_one_and_teach_nothing_else(folder: Path) -> None:
    batch = source(folder, config=RealConfig(no_hand=0.3, left=0.3)).batch(0, 60)
    none, left = batch.presence == 0, (batch.presence == 1) & (batch.right == 0)
    assert 8 <= int(none.sum()) <= 28
    assert 8 <= int(left.sum()) <= 28
    for weight in (batch.weights.joints_2d, batch.weights.joints, batch.weights.mesh):
        assert float(weight[none | left].max()) == 0
        assert float(weight[~(none | left)].min()) == 1


def test_two_views_of_one_hand_agree(folder: Path) -> None:
    a, b, R, T = source(folder, config=ALL_HANDS).pair(1, 8)
    turned = torch.einsum("bij,bvj->bvi", R, a.labels.vertices_m)
    torch.testing.assert_close(turned, b.labels.vertices_m, atol=1e-6, rtol=0)
    moved = torch.einsum("bij,bkj->bki", T[:, :, :2], a.labels.joints_2d) + T[:, None, :, 2]
    assert (moved - b.labels.joints_2d).abs().max() < 0.004  # an affine map, against perspective
    torch.testing.assert_close(torch.linalg.det(R), torch.ones(8))
    assert (a.labels.joints_2d - b.labels.joints_2d).abs().max() > 0.05


def test_held_out_crops_are_never_trained_on(folder: Path) -> None:
    crops = read_real_crops(folder)
    assert len(source(folder)) == (~crops.held_out).sum() > 0
    assert len(source(folder, held_out=True)) == crops.held_out.sum() > 0


def test_weights_fall_with_disagreement() -> None:
    zeros = np.zeros(4, np.float32)
    labels = replace(
        made_labels(np.array([str(k) for k in range(N)])),
        mirror=np.repeat(np.float32([0.01, 0.05, 0.01, 0.2]), N // 4),
        error=np.repeat(np.float32([0.01, 0.01, 0.07, 0.01]), N // 4),
    )
    in_2d, in_3d = (weight[:: N // 4] for weight in label_weights(labels, RealConfig()))
    assert zeros[0] == in_2d[3] < in_2d[1] < in_2d[0] == in_2d[2] == 1
    assert in_3d.tolist() == [1, in_2d[1], 0, 0]


def test_labels_of_other_crops_or_damaged_ones_are_refused(folder: Path, tmp_path: Path) -> None:
    crops = read_real_crops(folder)
    other = tmp_path / "other.npz"
    write_labels(made_labels(np.array([f"x{k}.jpg" for k in range(N)])), other)
    with pytest.raises(ValueError, match="made for other crops"):
        read_labels(other, crops)
    other.write_bytes((folder / "made.npz").read_bytes()[:900])
    with pytest.raises(ValueError, match=r"other\.npz"):
        RealHands(folder, other, HAND, 64, 0)


def test_small_crops_are_blurred_too() -> None:
    """Below 90 px the longest blur is shorter than a pixel."""
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    blurred = PhotoAugmenter(replace(PLAIN, blur=1))
    found = [blurred(picture, lambda: picture, np.random.default_rng(seed)) for seed in range(8)]
    assert all(image.shape == picture.shape for image in found)


def test_light_and_cameras_change_the_picture_but_not_its_shape() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    always = PhotoAugmenter(AugmentConfig(grey=0.5, low_resolution=1, blur=1, noise=1, jpeg=1, occluder=1))
    for seed in range(20):
        found = always(picture, lambda: picture[:50], np.random.default_rng(seed))
        assert found.shape == picture.shape
        assert found.dtype == np.uint8
        assert (found != picture).mean() > 0.5
        again = always(picture, lambda: picture[:50], np.random.default_rng(seed))
        np.testing.assert_array_equal(found, again)
    assert (PhotoAugmenter(PLAIN)(picture, lambda: picture, np.random.default_rng(0)) == picture).all()
