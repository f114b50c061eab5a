"""The landmark network and the detector, on real pictures where there are any, on nonsense where not."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from models.geometry import camera_from_fov, project
from models.inference.landmark_runtime import LandmarkRuntime, crop_hand, in_frame
from models.inference.mediapipe.detector import MediaPipeDetector
from models.types import Camera, Detection
from tests.models.clips import read_clip
from tests.paths import CLIPS

FRAMES = [60, 180, 300, 420]


@pytest.fixture(scope="module")
def net() -> LandmarkRuntime:
    return LandmarkRuntime()


@pytest.fixture(scope="module")
def detector() -> Iterator[MediaPipeDetector]:
    d = MediaPipeDetector()
    yield d
    d.close()


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    return list(read_clip("counting.mp4", FRAMES))


def off(a: Detection, b: Detection) -> float:
    """Mean distance of two hands' joints, in hand boxes."""
    box = np.ptp(a.joints_2d_px, axis=0).max()
    return float(np.linalg.norm(a.joints_2d_px - b.joints_2d_px, axis=1).mean() / box)


def test_network_and_detector_agree_on_real_frames(
    net: LandmarkRuntime, detector: MediaPipeDetector, frames: list[np.ndarray]
) -> None:
    camera = camera_from_fov(544, 960)
    for frame in frames:
        (found,) = detector.detect(frame)
        crop = crop_hand(frame, camera, found.joints_2d_px, found.handedness)
        seen = in_frame(net(crop.image_rgb), crop, camera)
        assert off(found, seen) < 0.03
        assert (seen.handedness, found.handedness) == ("right", "right")
        assert seen.presence > 0.9
        apart = found.joints_world_m - found.joints_world_m.mean(0)
        apart -= seen.joints_world_m - seen.joints_world_m.mean(0)
        assert np.linalg.norm(apart, axis=1).mean() < 0.015


def test_a_left_hand_is_a_mirrored_right_hand(net: LandmarkRuntime, frames: list[np.ndarray]) -> None:
    camera = camera_from_fov(544, 960)
    joints = np.random.default_rng(0).uniform([150, 500], [400, 800], (21, 2))
    joints[0], joints[9] = [270, 850], [270, 650]
    frame = frames[0]
    crop = crop_hand(frame, camera, joints, "right")
    right = in_frame(net(crop.image_rgb), crop, camera)
    crop = crop_hand(np.ascontiguousarray(frame[:, ::-1]), camera, [543, 0] + joints * [-1, 1], "left")
    left = in_frame(net(crop.image_rgb), crop, camera)
    np.testing.assert_allclose([543, 0] + left.joints_2d_px * [-1, 1], right.joints_2d_px, atol=1.0)
    np.testing.assert_allclose(left.joints_world_m * [-1, 1, 1], right.joints_world_m, atol=2e-3)
    assert left.handedness != right.handedness


def demo() -> Iterator[tuple[np.ndarray, Camera, np.ndarray]]:
    """Frames of the demo clip with a hand in view, their camera, the true joints, metres."""
    with np.load(CLIPS / "demo_truth.npz", allow_pickle=False) as truth:
        camera = Camera(*(float(v) for v in truth["intrinsics"]), 640, 480)
        joints, in_view = truth["joints_m"], truth["in_view"]
    with av.open(str(CLIPS / "demo.mp4")) as clip:
        for k, frame in enumerate(clip.decode(video=0)):
            if k % 12 == 5 and in_view[k]:
                yield frame.to_ndarray(format="rgb24"), camera, joints[k]


def test_landmarks_lie_at_pixel_centres_and_depth_is_near_the_truth(net: LandmarkRuntime) -> None:
    sums, off = [], []
    for frame, camera, true in demo():
        px = project(true, camera)
        crops = [crop_hand(frame, camera, px, handedness) for handedness in ("right", "left")]
        seen = [net(crop.image_rgb) for crop in crops]
        sums.append((seen[0].joints_crop_px + seen[1].joints_crop_px)[:, 0].mean())
        depth, known = (0.8 * seen[0].world_m @ crops[0].A)[:, 2], true[:, 2]
        off.append(np.abs(depth - depth.mean() - known + known.mean()).mean())
    assert abs(np.mean(sums) - 223) < 0.4  # 223.7 as the network says it
    assert np.mean(off) < 0.008  # 0.0095 from its world landmarks alone


def test_there_is_no_hand_in_noise(net: LandmarkRuntime, detector: MediaPipeDetector) -> None:
    rng = np.random.default_rng(0)
    assert net(rng.integers(0, 255, (224, 224, 3), dtype=np.uint8)).presence < 0.3
    assert detector.detect(rng.integers(0, 255, (240, 320, 3), dtype=np.uint8)) == []
    assert detector.detect(np.zeros((1, 1, 3), np.uint8)) == []


def test_answers_are_not_overwritten_by_the_next(net: LandmarkRuntime) -> None:
    rng = np.random.default_rng(1)
    first = net(rng.integers(0, 255, (224, 224, 3), dtype=np.uint8))
    kept = first.joints_crop_px.copy(), first.world_m.copy()
    net(rng.integers(0, 80, (224, 224, 3), dtype=np.uint8))
    np.testing.assert_array_equal(first.joints_crop_px, kept[0])
    np.testing.assert_array_equal(first.world_m, kept[1])


def test_clear_errors(net: LandmarkRuntime) -> None:
    with pytest.raises(ValueError, match=r"expected \(224, 224, 3\)"):
        net(np.zeros((128, 128, 3), np.uint8))
    for kind in (LandmarkRuntime, lambda bundle: MediaPipeDetector(bundle=bundle)):
        with pytest.raises(FileNotFoundError, match=r"tools\.build\.detector"):
            kind(Path("nowhere.task"))
