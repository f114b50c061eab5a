"""Labels made from several views: on the demo clip, whose truth is known."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from models.datasets.real_crops import read_real_crops
from models.geometry import camera_from_fov, project
from models.hand.hand_data import load_open_hand
from models.hand.skinning import pose_hand
from models.inference.landmark_runtime import INPUT_SIZE, LandmarkRuntime, crop_hand
from models.tracking.fitting import HandFitter
from models.training.real.label_files import make_labels, read_labels, vertices_of, write_labels
from models.training.real.labels import LabelConfig, Labeller, fixed_views, joints_on_rays
from models.training.real.views import View, view_camera
from models.types import Camera
from tests.models.measures import pa_mpjpe
from tests.paths import CLIPS
from tools.label_crops import main

HAND = load_open_hand()
FRAMES = (40, 120)


@pytest.fixture(scope="module")
def labeller() -> Labeller:
    return Labeller(LandmarkRuntime(), HandFitter(HAND), LabelConfig(views=4))


@pytest.fixture(scope="module")
def seen() -> list[tuple[np.ndarray, Camera, np.ndarray]]:
    """Frames of the demo clip with their camera and true joints, metres."""
    with np.load(CLIPS / "demo_truth.npz", allow_pickle=False) as truth:
        camera = Camera(*(float(v) for v in truth["intrinsics"]), 640, 480)
        joints = [truth["joints_m"][k] for k in FRAMES]
    with av.open(str(CLIPS / "demo.mp4")) as clip:
        frames = [f.to_ndarray(format="rgb24") for k, f in enumerate(clip.decode(video=0)) if k in FRAMES]
    return [(frame, camera, true) for frame, true in zip(frames, joints, strict=True)]


def test_labels_are_near_the_truth_on_either_side(
    labeller: Labeller, seen: list[tuple[np.ndarray, Camera, np.ndarray]]
) -> None:
    for frame, camera, true in seen:
        px = project(true, camera).astype(np.float32)
        box = np.ptp(px, axis=0).max()
        right = labeller.label(frame, camera, px, "right")
        assert np.linalg.norm(right.landmarks.joints_px - px, axis=1).mean() < 0.05 * box
        assert pa_mpjpe(right.joints_m, true) < 0.012
        assert right.landmarks.presence > 0.8
        assert max(right.error, right.landmarks.mirror, right.landmarks.spread) < 0.06
        on_rays = joints_on_rays(right.landmarks, camera, right.joints_m, 0.8)
        np.testing.assert_allclose(project(on_rays, camera), right.landmarks.joints_px, atol=0.05)
        assert pa_mpjpe(on_rays, true) < 0.016
        mirrored = px * [-1, 1] + [camera.width - 1, 0]
        left = labeller.label(
            np.ascontiguousarray(frame[:, ::-1]), camera, mirrored.astype(np.float32), "left"
        )
        assert pa_mpjpe(left.joints_m * [-1, 1, 1], right.joints_m) < 0.004


def test_a_label_is_always_the_same(
    labeller: Labeller, seen: list[tuple[np.ndarray, Camera, np.ndarray]]
) -> None:
    frame, camera, true = seen[0]
    px = project(true, camera).astype(np.float32)
    first, again = (labeller.label(frame, camera, px, "right") for _ in range(2))
    np.testing.assert_array_equal(first.vertices_m, again.vertices_m)
    assert first.error == again.error


def test_the_first_view_is_the_app_s_own_crop_and_half_are_mirrored(
    seen: list[tuple[np.ndarray, Camera, np.ndarray]],
) -> None:
    frame, camera, true = seen[0]
    px = project(true, camera)
    crop = crop_hand(frame, camera, px, "right")
    virtual, R = view_camera(camera, px, INPUT_SIZE, View())
    np.testing.assert_allclose(R, crop.R_crop_cam, atol=1e-12)
    assert virtual == crop.camera
    views = fixed_views(LabelConfig(views=8))
    assert views[0] == View()
    assert len(set(views)) == 8
    assert sum(view.mirrored for view in views) == 4


def test_a_shift_moves_the_hand_as_it_says() -> None:
    camera = camera_from_fov(640, 480)
    px = np.random.default_rng(0).uniform([250, 150], [390, 330], (21, 2))
    at = [project([0.0, 0.0, 1.0] @ R0 @ R.T, virtual)
          for virtual, R0, R in [(view_camera(camera, px, 200, View(shift=(0.1, -0.05)))[0],
                                  view_camera(camera, px, 200, View())[1],
                                  view_camera(camera, px, 200, View(shift=(0.1, -0.05)))[1])]]  # fmt: skip
    np.testing.assert_allclose(at[0], [99.5 + 20, 99.5 - 10], atol=0.3)


@pytest.fixture(scope="module")
def folder(
    seen: list[tuple[np.ndarray, Camera, np.ndarray]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The demo's hand as two crops, the second mirrored."""
    path = tmp_path_factory.mktemp("crops")
    frame, camera, true = seen[0]
    px = project(true, camera)
    middle, half = (px.min(0) + px.max(0)) / 2, 0.9 * np.ptp(px, axis=0).max()
    scale = 223 / (2 * half)
    warp = np.column_stack([scale * np.eye(2), 111.5 - scale * middle])
    crop = cv2.warpAffine(frame[:, :, ::-1], warp, (224, 224))
    joints = scale * px + warp[:, 2]
    cv2.imwrite(str(path / "0.png"), crop)
    cv2.imwrite(str(path / "1.png"), crop[:, ::-1])
    np.savez(
        path / "labels.npz", image=["0.png", "1.png"], source=["demo"] * 2, origin=["a", "b"],
        side=["right", "left"], joints_2d=[joints, joints * [-1, 1] + [223, 0]],
        joints_world=np.zeros((2, 21, 3)),
    )  # fmt: skip
    return path


def test_labels_are_kept_as_parameters_and_give_the_same_hand(folder: Path, tmp_path: Path) -> None:
    crops = read_real_crops(folder)
    told: list[int] = []
    labels = make_labels(crops, HAND, LabelConfig(views=2), told.append)
    assert told == [1, 2]
    write_labels(labels, tmp_path / "made.npz")
    again = read_labels(tmp_path / "made.npz", crops)
    right, left = vertices_of(again, crops, HAND)
    joints = [HAND.regressor_21 @ right, HAND.regressor_21 @ left]
    assert pa_mpjpe(joints[0], joints[1] * [-1, 1, 1]) < 0.004
    np.testing.assert_allclose(again.joints_px, crops.joints_2d_px, atol=8)
    _, posed = pose_hand(HAND, np.eye(3)[None].repeat(16, 0), again.betas[0], again.root_m[0])
    assert abs(posed[0, 2] - joints[0][0, 2]) < 0.02


def test_the_tool(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "labels.npz"
    assert main(["--real", str(folder), "--out", str(out), "--views", "2", "--every", "2"]) == 0
    assert "demo" in capsys.readouterr().out
    assert out.is_file()
    for arguments in (["--real", str(tmp_path)], ["--real", str(folder), "--every", "0"]):
        assert main([*arguments, "--out", str(out)]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
